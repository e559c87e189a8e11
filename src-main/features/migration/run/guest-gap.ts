import type { Disposable } from '../../../base/disposable.ts'
import { DisposableStore } from '../../../base/disposable.ts'
import type { HostSession } from '../../host/host-session.ts'

/**
 * Measures how long the guest stood still, apart from QEMU's own figure: from the last SUSPENDED that the source tells to the first RESUMED of the destination, both
 * by the clock of this computer when they arrive here. The two hosts' clocks play no part; the error is the difference of the two ways, a few milliseconds.
 * null while either event is missing, as after a lost connection.
 */
export class GuestGap implements Disposable {
  readonly #subscriptions = new DisposableStore()
  #stoppedAt: number | null = null
  #resumedAt: number | null = null

  constructor(uuid: string, source: HostSession, destination: HostSession) {
    this.#subscriptions.add(
      source.connection.events.onDidChangeLifecycle(({ dom, lifecycle }) => {
        if (dom.uuid !== uuid || this.#resumedAt !== null) return
        if (lifecycle.event === 'suspended') this.#stoppedAt = performance.now()
        // A cancelled switch: the guest goes on at the source, and that pause was not the hand-over.
        if (lifecycle.event === 'resumed') this.#stoppedAt = null
      }),
    )
    this.#subscriptions.add(
      destination.connection.events.onDidChangeLifecycle(({ dom, lifecycle }) => {
        if (dom.uuid === uuid && lifecycle.event === 'resumed') this.#resumedAt ??= performance.now()
      }),
    )
  }

  /** Resolves when both daemons tell; the move may begin then. */
  static async watch(uuid: string, source: HostSession, destination: HostSession): Promise<GuestGap> {
    const gap = new GuestGap(uuid, source, destination)
    await Promise.allSettled([source.connection.events.settled(), destination.connection.events.settled()])
    return gap
  }

  get milliseconds(): number | null {
    if (this.#stoppedAt === null || this.#resumedAt === null) return null
    const gap = this.#resumedAt - this.#stoppedAt
    return gap >= 0 ? Math.round(gap) : null
  }

  dispose(): void {
    this.#subscriptions.dispose()
  }
}
