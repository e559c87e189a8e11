import { vmKey, type VmView } from '../../contract/vm.ts'
import { delay } from '../../base/abort.ts'
import { DisposableStore, type Disposable } from '../../base/disposable.ts'
import { messageOf } from '../../base/failure.ts'
import type { Log } from '../../base/log.ts'
import { isLibvirtError } from '../../libvirt/client/libvirt-error.ts'
import { listDomainsFlags } from '../../libvirt/wire/constants/connect.ts'
import { domainStateOf, type DomainState } from '../../libvirt/wire/constants/domain-state.ts'
import type { DomainRef } from '../../libvirt/wire/objects.ts'
import type { HostSession } from '../host/host-session.ts'
import type { SampleRow } from './frame.ts'
import { SampleHistory } from './history.ts'
import { HostLoad } from './host-load.ts'
import type { Inventory } from './inventory.ts'
import { readDomains, type DomainReading } from './poll.ts'
import { rates } from './rates.ts'
import { vmStateOf } from './state.ts'
import { definitionOf, viewOf, type Definition, type Standing } from './view.ts'

/** How many polls pass between two looks at what has no event: autostart, managed save, persistence. */
const slowEvery = 5

const nothing: SampleRow = { cpu: 0, memory: 0, read: 0, write: 0, rx: 0, tx: 0 }

interface Watched {
  standing: Standing
  definition: Definition | null
  last: DomainReading | null
}

interface Flags {
  readonly persistent: ReadonlySet<string>
  readonly autostart: ReadonlySet<string>
  readonly managedSave: ReadonlySet<string>
}

/** Keeps the inventory's VMs of one host true while its session lasts: events at once, figures with every poll. */
export class DomainWatch implements Disposable {
  readonly histories: Map<string, SampleHistory>
  readonly hostHistory: SampleHistory
  readonly #session: HostSession
  readonly #inventory: Inventory
  readonly #log: Log
  readonly #pollMs: () => number
  readonly #jobOf: (uuid: string) => string | null
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #disposables = new DisposableStore()
  readonly #domains = new Map<string, Watched>()
  readonly #load: HostLoad
  #flags: Flags = { persistent: new Set(), autostart: new Set(), managedSave: new Set() }

  constructor(options: {
    session: HostSession
    inventory: Inventory
    log: Log
    pollMs: () => number
    jobOf: (uuid: string) => string | null
    histories?: Map<string, SampleHistory>
  }) {
    this.#session = options.session
    this.#inventory = options.inventory
    this.#log = options.log.child({ host: options.session.name })
    this.#pollMs = options.pollMs
    this.#jobOf = options.jobOf
    this.histories = options.histories ?? new Map()
    this.hostHistory = this.histories.get('') ?? new SampleHistory()
    this.histories.set('', this.hostHistory)
    this.#signal = AbortSignal.any([this.#stop.signal, options.session.ended])
    this.#load = new HostLoad(options.session)
  }

  start(): void {
    const { events } = this.#session.connection
    this.#disposables.add(events.onDidChangeLifecycle(({ dom, lifecycle }) => this.#onLifecycle(dom, lifecycle.event)))
    this.#disposables.add(events.onDidChangeMetadata(({ dom }) => void this.#guard(this.#redefine(dom))))
    void this.#run()
  }

  historyOf(uuid: string): SampleHistory | undefined {
    return this.histories.get(uuid)
  }

  /** Asks anew how one domain stands. */
  async refresh(dom: DomainRef): Promise<void> {
    const options = { signal: this.#signal }
    const { connection } = this.#session
    try {
      const [{ state, reason }, { isPersistent }, autostart, saved] = await Promise.all([
        connection.call('domainGetState', { dom, flags: 0 }, options),
        connection.call('domainIsPersistent', { dom }, options),
        connection.call('domainGetAutostart', { dom }, options).catch(() => ({ isAutostart: false })),
        connection.call('domainHasManagedSaveImage', { dom, flags: 0 }, options).catch(() => ({ result: 0 })),
      ])
      await this.#meet(dom, domainStateOf(state, reason), { isPersistent, hasAutostart: autostart.isAutostart, hasManagedSave: saved.result > 0 })
    } catch (thrown) {
      if (!isLibvirtError(thrown, 'VIR_ERR_NO_DOMAIN')) throw thrown
      this.#forget(dom.uuid)
    }
  }

  dispose(): void {
    this.#stop.abort()
    this.#disposables.dispose()
  }

  async #run(): Promise<void> {
    for (let tick = 0; !this.#signal.aborted; tick++) {
      const started = performance.now()
      try {
        await Promise.all([this.#tick(tick % slowEvery === 0), this.#sampleHost()])
      } catch (thrown) {
        if (this.#signal.aborted) return
        this.#log.warn('poll failed: %s', messageOf(thrown))
      }
      await delay(Math.max(50, this.#pollMs() - (performance.now() - started)), this.#signal).catch(() => {})
    }
  }

  async #tick(isSlow: boolean): Promise<void> {
    const [readings] = await Promise.all([readDomains(this.#session.connection, this.#signal), isSlow ? this.#readFlags() : undefined])
    this.#signal.throwIfAborted()
    await Promise.all(readings.map((reading) => this.#guard(this.#onReading(reading))))
    const present = new Set(readings.map(({ dom }) => dom.uuid))
    const host = this.#session.host
    for (const { ref } of [...this.#inventory.vms()]) if (ref.host === host && !present.has(ref.uuid)) this.#forget(ref.uuid)
  }

  async #onReading(reading: DomainReading): Promise<void> {
    const { dom, counters } = reading
    await this.#meet(dom, reading.state, {
      isPersistent: this.#flags.persistent.has(dom.uuid),
      hasAutostart: this.#flags.autostart.has(dom.uuid),
      hasManagedSave: this.#flags.managedSave.has(dom.uuid),
    })
    const watched = this.#domains.get(dom.uuid)
    if (!watched) return
    if (!counters) {
      // Off is nothing at all; busy (no counters while it runs) keeps what was seen last.
      if (dom.id < 0) this.#inventory.sampleVm(watched.standing.n, nothing)
      watched.last = null
      return
    }
    const row = watched.last?.counters && rates(watched.last.counters, counters, Math.max(1, watched.definition?.vcpus ?? 1))
    watched.last = reading
    if (!row) return
    this.#inventory.sampleVm(watched.standing.n, row)
    let history = this.histories.get(dom.uuid)
    if (!history) this.histories.set(dom.uuid, (history = new SampleHistory()))
    history.push(Date.now(), row)
  }

  /** Takes in how a domain stands; tells the inventory only of what is new. */
  async #meet(
    dom: DomainRef,
    now: DomainState,
    flags: Pick<Standing, 'isPersistent' | 'hasAutostart' | 'hasManagedSave'>,
  ): Promise<void> {
    const ref = { host: this.#session.host, uuid: dom.uuid }
    const known = this.#domains.get(dom.uuid)
    const shown = this.#inventory.vm(ref)
    const standing: Standing = {
      ref,
      n: known?.standing.n ?? shown?.n ?? this.#inventory.claimNumber(),
      name: dom.name,
      state: vmStateOf(now),
      reason: now.reason,
      ...flags,
      job: this.#jobOf(dom.uuid),
    }
    if (known) {
      known.standing = standing
      return this.#show(known)
    }
    const watched: Watched = { standing, definition: null, last: null }
    this.#domains.set(dom.uuid, watched)
    watched.definition = await this.#readDefinition(dom)
    this.#show(watched)
  }

  #show({ standing, definition }: Watched): void {
    if (!this.#domains.has(standing.ref.uuid)) return
    const view = viewOf(standing, definition)
    const shown = this.#inventory.vm(standing.ref)
    if (!shown || !isSameView(shown, view)) this.#inventory.setVm(view)
  }

  #onLifecycle(dom: DomainRef, event: string): void {
    const isNewlyDefined = event === 'defined' || event === 'started'
    void this.#guard(isNewlyDefined ? this.#redefine(dom).then(() => this.refresh(dom)) : this.refresh(dom))
  }

  async #redefine(dom: DomainRef): Promise<void> {
    const watched = this.#domains.get(dom.uuid)
    if (!watched) return
    watched.definition = await this.#readDefinition(dom)
    this.#show(watched)
  }

  async #readDefinition(dom: DomainRef): Promise<Definition | null> {
    try {
      const { xml } = await this.#session.connection.call('domainGetXmlDesc', { dom, flags: 0 }, { signal: this.#signal })
      return definitionOf(xml)
    } catch (thrown) {
      // Gone meanwhile: its event, or the next poll, says so.
      if (isLibvirtError(thrown)) return null
      throw thrown
    }
  }

  async #readFlags(): Promise<void> {
    const list = async (flags: number) => {
      const { domains } = await this.#session.connection.call('connectListAllDomains', { needResults: 1, flags }, { signal: this.#signal })
      return new Set(domains.map(({ uuid }) => uuid))
    }
    const [persistent, autostart, managedSave] = await Promise.all([
      list(listDomainsFlags.persistent),
      list(listDomainsFlags.autostart),
      list(listDomainsFlags.managedsave),
    ])
    this.#flags = { persistent, autostart, managedSave }
  }

  async #sampleHost(): Promise<void> {
    const row = await this.#load.read(this.#signal)
    if (!row) return
    const view = this.#inventory.host(this.#session.host)
    if (!view) return
    this.#inventory.sampleHost(view.n, row)
    this.hostHistory.push(Date.now(), row)
  }

  #forget(uuid: string): void {
    this.#domains.delete(uuid)
    this.#inventory.removeVm({ host: this.#session.host, uuid })
  }

  /** What fails for one domain is no reason to lose sight of the others. */
  async #guard(work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (thrown) {
      if (!this.#signal.aborted) this.#log.warn('domain not read: %s', messageOf(thrown))
    }
  }
}

function isSameView(a: VmView, b: VmView): boolean {
  return vmKey(a.ref) === vmKey(b.ref) && JSON.stringify(a) === JSON.stringify(b)
}
