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
  readonly hosts: readonly { readonly name: string; readonly address: string }[]
  readonly ssh: { readonly configFile: string } | null
}

/** The lab of a checkout, on Linux as root; null where there is none. */
export function findLabProgram(): (LabProgram & { sshSources(): ConfigSources }) | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null
  const here = dirname(fileURLToPath(import.meta.url))
  const cli = [join(here, '../test/lab/cli.ts'), join(here, '../../test/lab/cli.ts')].find((path) => existsSync(path))
  return cli ? new LabCommand(cli) : null
}

class LabCommand implements LabProgram {
  readonly #cli: string
  #configFile: string | null = null

  constructor(cli: string) {
    this.#cli = cli
  }

  /** The lab's own configuration before the user's: it speaks of the lab's addresses only. */
  sshSources(): ConfigSources {
    if (!this.#configFile) return {}
    return { files: [this.#configFile, join(homedir(), '.ssh/config'), '/etc/ssh/ssh_config'] }
  }

  async up(hosts: number): Promise<readonly LabHost[]> {
    await this.#lab('up', String(hosts))
    const status = await this.#lab('status')
    this.#configFile = status.ssh?.configFile ?? null
    return status.hosts.map(({ name, address }) => ({ name, address: `ssh://root@${address}` }))
  }

  async down(): Promise<void> {
    await this.#lab('down')
    this.#configFile = null
  }

  async #lab(...words: string[]): Promise<LabStatus> {
    try {
      const { stdout } = await run(process.execPath, [this.#cli, ...words, '--json'], { maxBuffer: 8 << 20 })
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as LabStatus
    } catch (thrown) {
      throw new Failure('lab-failed', 'The lab in a box could not be started or ended.', {
        evidence: messageOf(thrown).slice(-2000),
        next: 'Run `npm run lab -- up 2` in a terminal to see more.',
        cause: thrown,
      })
    }
  }
}
