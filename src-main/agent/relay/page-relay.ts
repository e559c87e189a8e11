import type { Event } from '../../base/event.ts'
import type { Failure } from '../../base/failure.ts'
import type { PageFigures } from '../protocol/page-figures.ts'

/** The source's end of one VM's memory on its way through the agents. */
export interface PageRelay {
  /** Between Prepare and Perform: takes Prepare's `uri_out`, returns the URI that Perform is to use. Rejecting stops the move before memory moves. */
  open(uriOut: string, signal: AbortSignal): Promise<string>
  /**
   * Resolves when the source may let go although the destination still gathers: as far as pages go, every one is safe elsewhere and the source's QEMU was told so.
   * Asked for when Finish has left. Absent: the usual order.
   */
  mayReleaseEarly?(): Promise<void>
  /** At most five a second, and once at the end. `mayPowerOff` is the conductor's to say. */
  readonly onDidCount: Event<PageFigures>
  /** Once: null when both QEMUs have hung up in order and everything was delivered, else why not. Never rejects. */
  readonly ended: Promise<Failure | null>
  /** Only before the switch: breaks the connections, so that the VM runs on at the source. */
  close(reason: Failure): void
  /** MiB/s of this VM's share; null: unlimited. */
  setBandwidth?(mebibytesPerSecond: number | null): void
}
