import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Failure, messageOf } from './base/failure.ts'
import type { LabHost, LabProgram } from './features/host/lab.ts'
import type { ConfigSources } from './ssh/config.ts'

const run = promisify(execFile)

/** What `lab status --json` says in its last line, as far as it is needed here. */
interface LabStatus {
  readonly hosts: readonly { readonly name: string; readonly url: string }[]
  readonly ssh?: { readonly configFile: string }
}

/** Apart from the labs that somebody brings up by hand. */
const labName = 'box'

/** The lab of a checkout, on Linux as root; null where there is none. */
export function findLabProgram(): LabCommand | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null
  const here = dirname(fileURLToPath(import.meta.url))
  const places = ['../test/lab/cli.ts', '../../test/lab/cli.ts', '../../../test/lab/cli.ts']
  const cli = places.map((path) => join(here, path)).find((path) => existsSync(path))
  return cli ? new LabCommand(cli) : null
}

class LabCommand implements LabProgram {
  readonly #cli: string
  #configFile: string | null = null

  constructor(cli: string) {
    this.#cli = cli
  }

  /** The lab's own configuration before the user's: it speaks of the lab's hosts only. */
  sshSources(): ConfigSources {
    if (!this.#configFile) return {}
    return { files: [this.#configFile, join(homedir(), '.ssh/config'), '/etc/ssh/ssh_config'] }
  }

  async up(hosts: number): Promise<readonly LabHost[]> {
    const running = await this.#lab('status')
    const lab = running.hosts.length > 0 ? running : await this.#lab('up', String(hosts), '--guests', '2')
    this.#configFile = lab.ssh?.configFile ?? null
    return lab.hosts.map(({ name, url }) => ({ name, address: url }))
  }

  async down(): Promise<void> {
    await this.#lab('down')
    this.#configFile = null
  }

  /** Finds the lab of an earlier run of this program, so that its hosts can be reached again. */
  async find(): Promise<void> {
    const running = await this.#lab('status').catch(() => null)
    this.#configFile = running?.ssh?.configFile ?? null
  }

  async #lab(...words: string[]): Promise<LabStatus> {
    try {
      const { stdout } = await run(labNode(), [this.#cli, ...words, '--name', labName, '--json'], { maxBuffer: 8 << 20 })
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as LabStatus
    } catch (thrown) {
      throw new Failure('lab-failed', 'The lab in a box could not be started or ended.', {
        evidence: saidBy(thrown).slice(-2000),
        next: 'Run `npm run lab -- up 2` in a terminal to see more.',
        cause: thrown,
      })
    }
  }
}

/** Electron is no Node that could run the lab's TypeScript: there the one of the path must do, which `npm start` puts first. */
function labNode(): string {
  return process.versions['electron'] ? 'node' : process.execPath
}

function saidBy(thrown: unknown): string {
  const stderr = typeof thrown === 'object' && thrown !== null && 'stderr' in thrown ? String(thrown.stderr) : ''
  return stderr.trim() || messageOf(thrown)
}
