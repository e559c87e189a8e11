import type { RunSample } from '../../../contract/run-sample.ts'
import { etaOf } from './run-eta.ts'
import type { OpenRun } from './open-run.ts'
import type { RunParts } from './run-parts.ts'

/** Samples a run once a second while something moves: memory of its hosts, throughput of its links, and how long it may still take. */
export class RunSampler {
  readonly #run: OpenRun
  readonly #parts: Pick<RunParts, 'inventory' | 'now'>
  #timer: NodeJS.Timeout | null = null

  constructor(run: OpenRun, parts: Pick<RunParts, 'inventory' | 'now'>) {
    this.#run = run
    this.#parts = parts
  }

  setActive(isActive: boolean): void {
    if (isActive && !this.#timer) {
      this.#take()
      this.#timer = setInterval(() => this.#take(), 1000)
    } else if (!isActive && this.#timer) {
      clearInterval(this.#timer)
      this.#timer = null
      this.#take()
    }
  }

  dispose(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }

  #take(): void {
    const { rows } = this.#run.view
    const memory: Record<string, number> = {}
    for (const id of new Set(rows.flatMap(({ vm, destination }) => [vm.host, ...(destination === null ? [] : [destination])]))) {
      const host = this.#parts.inventory.host(id)
      const row = host && this.#parts.inventory.hostRow(host.n)
      if (row) memory[id] = row.memory
    }
    const links: Record<string, number> = {}
    for (const { state, vm, destination, throughput } of rows) {
      if (state.state !== 'moving' || destination === null || throughput === null) continue
      const key = this.#run.view.bringsBack ? `${destination}>${vm.host}` : `${vm.host}>${destination}`
      links[key] = (links[key] ?? 0) + throughput
    }
    this.#run.setEta(etaOf(this.#run.view, this.#parts.now()))
    this.#run.sample({ t: this.#parts.now(), memory, links } satisfies RunSample)
  }
}
