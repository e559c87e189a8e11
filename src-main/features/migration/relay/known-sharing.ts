import type { Sharing } from '../../../contract/migration.ts'
import type { VmRef } from '../../../contract/vm.ts'
import type { SharedMemory } from '../forecast/forecast-inputs.ts'
import { sharedMemory } from '../forecast/gang-model.ts'

/** Milliseconds after which guests may well hold something else. */
const lastMs = 30 * 60_000

/** What samples have said, by VM, for forecasts that come after them. */
export class KnownSharing {
  readonly #known = new Map<string, { readonly at: number; readonly shared: SharedMemory }>()

  keep(asked: readonly VmRef[], told: readonly Sharing[]): void {
    for (const one of told) {
      if (one.kind === 'estimated') for (const { host, uuid } of asked) if (host === one.host) this.#known.set(uuid, { at: performance.now(), shared: sharedMemory(one) })
    }
  }

  of(uuid: string): SharedMemory | null {
    const known = this.#known.get(uuid)
    return known && performance.now() - known.at <= lastMs ? known.shared : null
  }
}
