import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { createLog } from './base/log.ts'
import { messageOf } from './base/failure.ts'
import { profileFolder } from './base/profile-folder.ts'
import { noSecrets } from './base/secrets.ts'
import { openBrowserServer } from './browser/server.ts'
import { Profile } from './owner/profile.ts'
import { createServices } from './services.ts'
import { version } from './version.ts'

const usage = `Usage: drover serve [--profile DIR] [--port N] [--page DIR] [--open]

Serves Drover on 127.0.0.1 and prints a link that is valid once and for a minute. Enter prints a new one. Ctrl+C ends it.
  --profile DIR  the profile's folder (else DROVER_PROFILE, else the usual place for an application's files)
  --port N       the port (else a free one)
  --page DIR     the folder of the built page (else the one beside this program)
  --open         open the link in the browser
`

const { values } = parseArgs({
  options: {
    profile: { type: 'string' },
    port: { type: 'string', default: '0' },
    page: { type: 'string' },
    open: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(usage)
  process.exit(0)
}

/** Beside out/main/serve.js, or in out/ when this file runs as source. */
function findPage(): string {
  if (values.page) return resolve(values.page)
  const built = resolve(import.meta.dirname, '..', 'renderer')
  return existsSync(join(built, 'index.html')) ? built : resolve(import.meta.dirname, '..', 'out', 'renderer')
}

/** Asks the desktop to open the link. It goes by an argument of ours to a program of the system's; nothing but this user can read either. */
function openInBrowser(url: string): void {
  const [program, ...words] = process.platform === 'darwin' ? ['open', url] : process.platform === 'win32' ? ['rundll32', 'url.dll,FileProtocolHandler', url] : ['xdg-open', url]
  const child = spawn(program!, words, { stdio: 'ignore', detached: true })
  child.on('error', () => console.log('There is no browser to open it with; open the link yourself.'))
  child.unref()
}

const log = createLog('drover', process.env['DROVER_LOG'] ?? 'warn')
const folder = profileFolder(values.profile)
const profile = new Profile({
  folder,
  version,
  caller: { shell: 'browser' },
  log,
  createServices: () => createServices({ profile: folder, version, secrets: noSecrets, log }),
})

// The page says it too, but whoever started this looks here.
let lastProblem: string | undefined
profile.onDidChangeRole((role) => {
  // An owner that is just starting, or just went, is none for a moment.
  const isPassing = role.kind === 'seeking' && (role.problem?.code === 'owner-unreachable' || role.problem?.code === 'owner-gone')
  if (role.kind !== 'seeking' || !role.problem || isPassing || role.problem.code === lastProblem) return
  lastProblem = role.problem.code
  console.error([role.problem.message, role.problem.evidence, role.problem.next].filter(Boolean).join(' '))
})

try {
  const server = await openBrowserServer({ port: Number(values.port), page: findPage(), connect: () => profile.connect({ shell: 'browser' }) })
  const announce = () => console.log(`Drover is at ${server.createUrl()}`)

  let isClosing = false
  const close = async () => {
    if (isClosing) return process.exit(130)
    isClosing = true
    lines.close()
    await server.close()
    await profile.close()
    process.exit(0)
  }
  process.on('SIGINT', () => void close())
  process.on('SIGTERM', () => void close())
  process.on('SIGHUP', () => void close())
  const lines = createInterface({ input: process.stdin })
  lines.on('line', announce)

  if (values.open) {
    const url = server.createUrl()
    console.log(`Drover is at ${url}`)
    openInBrowser(url)
  } else announce()
  console.log('The link is valid once and for a minute. Press Enter for a new one, Ctrl+C to end.')
} catch (thrown) {
  console.error(`Drover could not start: ${messageOf(thrown)}`)
  await profile.close()
  process.exit(1)
}
