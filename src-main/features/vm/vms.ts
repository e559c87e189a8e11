import type { History, VmCommand, VmDetails, VmRef, VmView } from '../../contract/vm.ts'
import type { Disposable } from '../../base/disposable.ts'
import { Failure } from '../../base/failure.ts'
import type { Log } from '../../base/log.ts'
import type { Hosts } from '../host/hosts.ts'
import { assertCommand, runCommand } from './commands.ts'
import { Consoles } from './consoles.ts'
import { readVmDetails } from './details.ts'
import { DomainWatch } from './domain-watch.ts'
import type { Inventory } from './inventory.ts'

/** The VMs of all hosts: keeps the inventory true while sessions come and go. */
export class Vms implements Disposable {
  readonly consoles: Consoles
  readonly #hosts: Hosts
  readonly #inventory: Inventory
  readonly #log: Log
  readonly #pollMs: () => number
  readonly #jobOf: (uuid: string) => string | null
  readonly #watches = new Map<string, DomainWatch>()

  constructor(options: { hosts: Hosts; inventory: Inventory; log: Log; pollMs: () => number; jobOf: (uuid: string) => string | null }) {
    this.#hosts = options.hosts
    this.#inventory = options.inventory
    this.#log = options.log
    this.#pollMs = options.pollMs
    this.#jobOf = options.jobOf
    this.consoles = new Consoles(options.hosts)
    options.hosts.onDidChange((view) => options.inventory.setHost(view))
    options.hosts.onDidRemove((id) => options.inventory.removeHost(id))
    options.hosts.onDidChangeSession((id) => this.#onSession(id))
  }

  /** Says anew which VMs a job has in hand; called when a job begins or ends. */
  jobChanged(uuid: string): void {
    const job = this.#jobOf(uuid)
    for (const view of [...this.#inventory.vms()]) if (view.ref.uuid === uuid && view.job !== job) this.#inventory.setVm({ ...view, job })
  }

  /** Throws `vm-gone`. */
  view(ref: VmRef): VmView {
    const view = this.#inventory.vm(ref)
    if (!view) throw new Failure('vm-gone', 'This VM is no longer on that host.', { next: 'Look where it is now; it may have been moved or removed.' })
    return view
  }

  history(of: VmRef | { host: string }): History {
    const watch = this.#watches.get(of.host)
    const history = 'uuid' in of ? watch?.historyOf(of.uuid) : watch?.hostHistory
    return history?.toHistory() ?? { t: [], cpu: [], memory: [], read: [], write: [], rx: [], tx: [] }
  }

  /** Cores that the VM has kept busy, over the last minute at one sample a second; null where nothing is known. */
  busyCores(ref: VmRef): number | null {
    const mean = this.#watches.get(ref.host)?.historyOf(ref.uuid)?.meanCpu(60) ?? null
    return mean === null ? null : mean / 10_000
  }

  async command(ref: VmRef, command: VmCommand, signal: AbortSignal): Promise<void> {
    assertCommand(this.view(ref), command)
    const { connection } = this.#hosts.session(ref.host)
    const { dom } = await connection.call('domainLookupByUuid', { uuid: ref.uuid }, { signal })
    await runCommand(connection, dom, command, signal)
    await this.#watches.get(ref.host)?.refresh(dom)
  }

  details(ref: VmRef, signal: AbortSignal): Promise<VmDetails> {
    return readVmDetails(this.#hosts.session(ref.host).connection, ref, signal)
  }

  dispose(): void {
    for (const watch of this.#watches.values()) watch.dispose()
    this.#watches.clear()
  }

  #onSession(host: string): void {
    const old = this.#watches.get(host)
    old?.dispose()
    const session = this.#session(host)
    if (!session) {
      // What was seen last stays on screen, greyed with its age; histories go on after a reconnect.
      return
    }
    const watch = new DomainWatch({
      session,
      inventory: this.#inventory,
      log: this.#log,
      pollMs: this.#pollMs,
      jobOf: this.#jobOf,
      ...(old ? { histories: old.histories } : {}),
    })
    this.#watches.set(host, watch)
    watch.start()
  }

  #session(host: string) {
    try {
      return this.#hosts.session(host)
    } catch {
      return null
    }
  }
}
