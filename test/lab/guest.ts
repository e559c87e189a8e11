import { existsSync, readFileSync } from 'node:fs'
import { Failure, messageOf } from '../../src-main/base/failure.ts'
import { run } from './command.ts'
import { type GuestSpec, guestXml, serialLogPath } from './guest-xml.ts'
import { type GuestReport, parseReport } from './guest-report.ts'
import type { LabHost } from './host.ts'
import type { Lab } from './lab.ts'
import { openTerminal } from './terminal.ts'
import { until } from './waiting.ts'

/** What `verify` found out. */
export interface Verdict {
  readonly pages: number
  /** Pages that were wrong now. */
  readonly bad: number
  /** Pages ever found wrong, by the background check too. */
  readonly badEver: number
  readonly dirtied: number
}

/** One VM of a lab: its definition, the place where it was started, and the talk with the program in it. */
export class LabGuest {
  readonly spec: GuestSpec
  readonly xml: string

  constructor(lab: Lab, spec: GuestSpec) {
    this.spec = spec
    this.xml = guestXml(spec, { kernel: lab.state.kernel, initramfs: lab.state.initramfs })
  }

  get name(): string {
    return this.spec.name
  }

  /** Makes what the guest's disks need (empty images of `mib` MiB each), on the host, where they are not there yet. */
  async createDisks(host: LabHost, mib: number): Promise<void> {
    for (const { path, format } of this.spec.disks ?? []) {
      const onMachine = host.onMachine(path)
      if (!existsSync(onMachine)) await run(['qemu-img', 'create', '-q', '-f', format, onMachine, `${mib}M`])
    }
  }

  async define(host: LabHost): Promise<void> {
    await host.virshXml(['define', '@'], this.xml)
  }

  /** Defines the guest (or not: a transient domain), starts it, and waits for its program. */
  async start(host: LabHost, options: { isTransient?: boolean; signal?: AbortSignal } = {}): Promise<void> {
    const from = this.#logSize(host)
    if (options.isTransient) await host.virshXml(['create', '@'], this.xml)
    else {
      await this.define(host)
      await host.virsh(['start', this.name])
    }
    await this.#said(host, 'READY', from, 120_000, options.signal)
  }

  /** Types a command on the guest's serial line and answers its report; rejects with `guest-failed` when the guest says FAILED. Not while a console is open elsewhere: the two would share what is read. */
  async ask(host: LabHost, command: string, answer: string, options: { deadlineMs?: number; signal?: AbortSignal } = {}): Promise<GuestReport> {
    const terminal = openTerminal(host, await this.#terminal(host))
    try {
      for (let attempt = 1; ; attempt++) {
        const from = this.#logSize(host)
        terminal.type(`${command}\n`)
        try {
          return await this.#said(host, answer, from, options.deadlineMs ?? 60_000, options.signal)
        } catch (thrown) {
          // The serial line of a QEMU that has just taken over may swallow a byte; what was not understood was not done.
          if (attempt === 3 || !messageOf(thrown).includes('FAILED command=unknown')) throw thrown
        }
      }
    } finally {
      terminal.dispose()
    }
  }

  /** Has the guest verify every page now. */
  async verify(host: LabHost, signal?: AbortSignal): Promise<Verdict> {
    const report = await this.ask(host, 'verify', 'VERIFIED', signal ? { signal } : {})
    return { pages: report.number('pages'), bad: report.number('bad'), badEver: report.number('bad_ever'), dirtied: report.number('dirtied') }
  }

  /** The largest gap in the guest's own clock since the last reset, in milliseconds. That clock stands still while QEMU moves: see GuestWatch. */
  async gapMs(host: LabHost): Promise<number> {
    return (await this.ask(host, 'gap', 'GAP')).number('max_us') / 1000
  }

  async resetGap(host: LabHost): Promise<void> {
    await this.ask(host, 'gap reset', 'GAP')
  }

  async setRate(host: LabHost, rate: number | 'max'): Promise<void> {
    await this.ask(host, `rate ${rate}`, 'RATE')
  }

  async isRunning(host: LabHost): Promise<boolean> {
    const { stdout, code } = await host.attempt(['virsh', '-q', '-c', 'qemu:///system', 'domstate', this.name])
    return code === 0 && stdout.trim() === 'running'
  }

  /** Moves the guest with virsh, as a yardstick and for tests of the lab itself. `flags` as virsh spells them. */
  async migrateWithVirsh(source: LabHost, destination: LabHost, flags: readonly string[] = ['--persistent', '--undefinesource']): Promise<void> {
    await source.virsh(['migrate', '--live', ...flags, this.name, `qemu+ssh://root@${destination.name}/system`, '--migrateuri', `tcp://${destination.address}`])
  }

  /** Ends the guest and its definition, wherever it is; idempotent. */
  async remove(...hosts: readonly LabHost[]): Promise<void> {
    for (const host of hosts) {
      await host.attempt(['virsh', '-q', '-c', 'qemu:///system', 'destroy', this.name])
      await host.attempt(['virsh', '-q', '-c', 'qemu:///system', 'undefine', this.name])
    }
  }

  /** The serial log of the guest on that host, on the machine. */
  logPath(host: LabHost): string {
    return host.onMachine(serialLogPath(this.name))
  }

  #logSize(host: LabHost): number {
    const path = this.logPath(host)
    return existsSync(path) ? readFileSync(path).length : 0
  }

  async #terminal(host: LabHost): Promise<string> {
    const terminal = (await host.virsh(['ttyconsole', this.name])).trim()
    if (!terminal.startsWith('/dev/pts/')) throw new Failure('guest-console', `${this.name} has no console on ${host.name}.`, { evidence: terminal })
    return terminal
  }

  async #said(host: LabHost, keyword: string, from: number, deadlineMs: number, signal: AbortSignal | undefined): Promise<GuestReport> {
    const path = this.logPath(host)
    const text = () => (existsSync(path) ? readFileSync(path).subarray(from).toString('latin1') : '')
    const report = await until(`${keyword} from ${this.name} on ${host.name}`, () => parseReport(text(), [keyword, 'FAILED']), {
      deadlineMs,
      signal,
      evidence: () => text().slice(-600),
    })
    if (report.keyword === 'FAILED') throw new Failure('guest-failed', `${this.name} could not do that: ${report.line}`)
    return report
  }
}
