import type { MovePlan, Route } from '../../../contract/migration.ts'
import { domainStatsOf } from '../../../libvirt/client/domain-stats.ts'
import { statsGroups } from '../../../libvirt/wire/constants/stats.ts'
import type { HostFactsReader } from '../host-facts/host-facts-reader.ts'
import type { VmOnHost } from '../vm/read-vm.ts'
import { copiedDisks } from '../storage/copied-disks.ts'
import { estimateBandwidth } from './bandwidth.ts'
import { guessDirtyRate, measureDirtyRate } from './dirty-rate.ts'
import { defaultDowntimeMs, type Estimate, type ForecastInputs } from './forecast-inputs.ts'
import { estimateMemory } from './memory.ts'

/** Milliseconds after which a guest may well do something else. */
const lastMs = 15 * 60_000

/** Measured dirty rates by VM, kept for a while: a dialog asks again for every change of an option. */
export class DirtyRates {
  readonly #known = new Map<string, { readonly at: number; readonly rate: Promise<Estimate | null> }>()
  readonly #last = new Map<string, { readonly at: number; readonly rate: Estimate }>()
  readonly #keepMs: number

  constructor(keepMs = 30_000) {
    this.#keepMs = keepMs
  }

  of(source: HostFactsReader, vm: VmOnHost, signal: AbortSignal): Promise<Estimate | null> {
    const now = performance.now()
    for (const [key, { at }] of this.#known) if (now - at > this.#keepMs) this.#known.delete(key)
    const known = this.#known.get(vm.uuid)
    if (known) return known.rate
    const rate = measureDirtyRate(source.session.connection, vm.ref, signal)
    this.#known.set(vm.uuid, { at: now, rate })
    rate.then((estimate) => estimate && this.#last.set(vm.uuid, { at: performance.now(), rate: estimate })).catch(() => {})
    // What was given up, or could not be measured, is tried again next time.
    rate.then((estimate) => estimate ?? this.#known.delete(vm.uuid)).catch(() => this.#known.delete(vm.uuid))
    return rate
  }

  /** The last measurement of a VM (uuid), where it is younger than a quarter of an hour. */
  last(uuid: string): Estimate | null {
    const last = this.#last.get(uuid)
    if (!last || performance.now() - last.at > lastMs) return null
    return { ...last.rate, basis: 'measured a while ago' }
  }
}

/** Asks the source what a forecast needs. `earlier`: throughputs of earlier moves on the same way, bytes per second. */
export async function gatherInputs(options: {
  plan: MovePlan
  vm: VmOnHost
  source: HostFactsReader
  route: Route | null
  earlier: readonly number[]
  rates: DirtyRates
  signal: AbortSignal
}): Promise<ForecastInputs> {
  const { plan, vm, source, route, earlier, rates, signal } = options
  const { connection } = source.session
  const isLive = vm.isActive && plan.options.technique !== 'offline'
  const stats = async () => {
    if (!isLive) return null
    const { retStats } = await connection.call('connectGetAllDomainStats', { doms: [vm.ref], stats: statsGroups.balloon, flags: 0 }, { signal })
    return retStats[0] ? domainStatsOf(retStats[0]).balloon : null
  }
  const [balloon, measured, disks] = await Promise.all([stats().catch(() => null), isLive ? rates.of(source, vm, signal) : null, copiedDisks(plan, vm, source)])
  signal.throwIfAborted()
  return {
    memory: isLive ? estimateMemory(vm.live.memory.size, balloon) : { low: 0, high: 0, basis: 'none' },
    memoryTotal: isLive ? vm.live.memory.size * 1024 : 0,
    storage: disks.reduce((sum, disk) => sum + disk.bytes, 0),
    dirtyRate: measured ?? guessDirtyRate(null),
    bandwidth: estimateBandwidth(plan.options, { linkMbps: route?.mbps ?? null, earlier }),
    downtimeLimitMs: plan.options.downtimeMs ?? defaultDowntimeMs,
  }
}
