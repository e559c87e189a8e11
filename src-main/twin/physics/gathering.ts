import type { Disposable } from '../../base/disposable.ts'
import type { Carriage } from './carriage.ts'
import type { Flow, Network } from './network.ts'

/** What a destination takes from depots, at its own pace and by its own wire, while the source goes or is gone. */
export class Gathering implements Disposable {
  readonly total: number
  #flow: Flow | null

  /** `total` bytes. `onDone` and `onBroken`: one of them, once. */
  constructor(network: Network, { in: path, limit }: NonNullable<Carriage['scatter']>, total: number, on: { done(): void; broken(reason: string): void }) {
    this.total = total
    const over = (tell: () => void) => () => {
      this.dispose()
      tell()
    }
    this.#flow = network.open({ path, limit, onBroken: (reason) => over(() => on.broken(reason))() })
    this.#flow.sendUntil(total, over(() => on.done()))
  }

  get isOver(): boolean {
    return this.#flow === null
  }

  get bytes(): number {
    return this.#flow?.sent ?? this.total
  }

  dispose(): void {
    this.#flow?.dispose()
    this.#flow = null
  }
}
