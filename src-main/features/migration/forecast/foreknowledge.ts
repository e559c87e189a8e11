import type { Forecast, MovePlan } from '../../../contract/migration.ts'
import type { Job } from '../../../contract/job.ts'
import type { VmRef, VmView } from '../../../contract/vm.ts'
import type { Inventory } from '../../vm/inventory.ts'
import { engines } from '../engines/engines.ts'
import { estimateBandwidth } from './bandwidth.ts'
import { guessDirtyRate } from './dirty-rate.ts'
import { earlierThroughputs } from './earlier-moves.ts'
import { forecastMove } from './forecast-move.ts'
import { defaultDowntimeMs, type Estimate, type ForecastInputs, type SharedMemory } from './forecast-inputs.ts'
import { forecastGang } from './gang-model.ts'
import { estimateMemory } from './memory.ts'

/** What the preflights of this process have found out, for those who cannot wait for one. */
export interface Found {
  /** Last measured dirty rate of a VM; null where there is none that is worth something still. */
  dirtyRate(uuid: string): Estimate | null
  /** Mbit/s of the device by which the source reaches the destination; null where it is not known. */
  mbps(source: string, destination: string): number | null
  /** What a sample said of it and those beside it. */
  sharing?(uuid: string): SharedMemory | null
}

const open = { bandwidthMiBps: null, parallelConnections: null, tls: false } as const

/** Forecasts from the inventory, earlier moves and earlier measurements. No host is asked. */
export class Foreknowledge {
  readonly #seen: Pick<Inventory, 'vm' | 'vmRow'>
  readonly #jobs: readonly Job[]
  readonly #found: Found
  readonly #earlier = new Map<string, number[]>()

  constructor(seen: Pick<Inventory, 'vm' | 'vmRow'>, jobs: readonly Job[], found: Found) {
    this.#seen = seen
    this.#jobs = jobs
    this.#found = found
  }

  /** null where nothing can be said: the VM is gone, or disks of unknown size are to be copied. */
  forecast(plan: MovePlan): Forecast | null {
    const vm = this.#seen.vm(plan.vm)
    if (!vm || plan.options.storage !== 'none' || !(plan.options.technique in engines)) return null
    const isLive = plan.options.technique !== 'offline'
    const row = this.#seen.vmRow(vm.n)
    const inputs: ForecastInputs = {
      memory: isLive ? memoryOf(vm, row?.memory ?? null) : { low: 0, high: 0, basis: 'none' },
      memoryTotal: isLive ? vm.memoryKiB * 1024 : 0,
      storage: 0,
      dirtyRate: this.#dirtyRate(vm),
      bandwidth: estimateBandwidth(plan.options, this.#way(plan.vm.host, plan.destination)),
      downtimeLimitMs: plan.options.downtimeMs ?? defaultDowntimeMs,
      sharing: this.#found.sharing?.(vm.ref.uuid) ?? null,
    }
    return plan.options.technique === 'gang' ? forecastGang(plan.options, inputs) : forecastMove(plan.options, inputs)
  }

  /** Bytes per second that a plain move between the two hosts has when it is alone, and Mbit/s of the link where known. */
  way(source: string, destination: string): Estimate & { readonly mbps: number | null } {
    const evidence = this.#way(source, destination)
    return { ...estimateBandwidth(open, evidence), mbps: evidence.linkMbps }
  }

  #way(source: string, destination: string) {
    const key = `${source} ${destination}`
    let earlier = this.#earlier.get(key)
    if (!earlier) this.#earlier.set(key, (earlier = earlierThroughputs(this.#jobs, source, destination)))
    return { linkMbps: this.#found.mbps(source, destination), earlier }
  }

  #dirtyRate({ ref }: VmView): Estimate {
    return this.#found.dirtyRate(ref.uuid) ?? guessDirtyRate(busyCoresOf(ref, this.#seen))
  }
}

/** CPU load of a VM as last sampled, where 1 is one core; null where it is not known. */
export function busyCoresOf(ref: VmRef, seen: Pick<Inventory, 'vm' | 'vmRow'>): number | null {
  const vm = seen.vm(ref)
  const row = vm && seen.vmRow(vm.n)
  return row ? row.cpu / 10_000 : null
}

/** The sample says what the guest uses; its caches have content too. */
function memoryOf({ memoryKiB }: VmView, usedKiB: number | null): Estimate {
  if (usedKiB === null) return estimateMemory(memoryKiB, null)
  const total = memoryKiB * 1024
  const used = Math.min(total, usedKiB * 1024)
  return { low: used * 0.8, high: Math.min(total, used * 1.5 + 128 * 1024 * 1024), basis: 'used in the guest' }
}
