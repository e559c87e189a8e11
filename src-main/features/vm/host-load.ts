import type { HostSession } from '../host/host-session.ts'
import { memoryCounters } from '../host/memory-counters.ts'
import type { SampleRow } from './frame.ts'

/** How busy a host is: of CPU time what was not idle, of memory what is neither free nor cache. */
export class HostLoad {
  readonly #session: HostSession
  #last: { at: number; idle: number; total: number } | null = null
  /** How many CPU counters the driver has; asked once. */
  #cpuParams: number | null = null

  constructor(session: HostSession) {
    this.#session = session
  }

  /** Null at the first reading, and where libvirt gives no CPU figures. `cpu` is hundredths of a percent of the whole host. */
  async read(signal: AbortSignal): Promise<SampleRow | null> {
    const { connection, facts } = this.#session
    const ask = (nparams: number) => connection.call('nodeGetCpuStats', { cpuNum: -1, nparams, flags: 0 }, { signal })
    this.#cpuParams ??= (await ask(0)).nparams
    const [{ params }, memory] = await Promise.all([ask(this.#cpuParams), memoryCounters(connection, signal)])
    const cpu = new Map(params.map(({ field, value }) => [field, Number(value)]))
    const idle = (cpu.get('idle') ?? 0) + (cpu.get('iowait') ?? 0)
    const total = idle + (cpu.get('user') ?? 0) + (cpu.get('kernel') ?? 0)
    const last = this.#last
    this.#last = { at: performance.now(), idle, total }
    if (!last || total <= last.total) return null
    const busy = 1 - (idle - last.idle) / (total - last.total)
    const reclaimable = (memory.get('free') ?? 0) + (memory.get('buffers') ?? 0) + (memory.get('cached') ?? 0)
    return {
      cpu: Math.round(Math.min(Math.max(busy, 0), 1) * 10_000),
      memory: Math.max(0, (memory.get('total') ?? facts.memoryKiB) - reclaimable),
      read: 0,
      write: 0,
      rx: 0,
      tx: 0,
    }
  }
}
