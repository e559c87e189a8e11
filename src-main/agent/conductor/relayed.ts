import { Failure } from '../../base/failure.ts'
import type { Connection } from '../../libvirt/client/connection.ts'
import type { DriveHands } from '../../libvirt/drive/drive.ts'
import { withoutPreempt } from '../relay/relay-cookie.ts'
import type { PageRelay } from '../relay/page-relay.ts'
import { noPageFigures, type PageFigures } from '../protocol/page-figures.ts'
import type { MoveContext } from './move-context.ts'

/** What the conductor does for a move whose memory goes through the agents. */
export class Relayed {
  readonly #move: MoveContext
  readonly #relay: PageRelay
  #figures: PageFigures = noPageFigures
  #failure: Failure | null = null
  #hasConfirmed = false
  #isListening: Promise<unknown> = Promise.resolve()
  #sourceDone: () => void = () => {}
  #destinationRuns: () => void = () => {}
  #destinationKeeps: () => void = () => {}
  readonly #sourceIsDone = new Promise<void>((resolve) => (this.#sourceDone = resolve))
  readonly #destinationIsRunning = new Promise<void>((resolve) => (this.#destinationRuns = resolve))
  readonly #destinationIsKept = new Promise<void>((resolve) => (this.#destinationKeeps = resolve))

  constructor(move: MoveContext, relay: PageRelay) {
    this.#move = move
    this.#relay = relay
    relay.onDidCount((figures) => {
      this.#figures = figures
      this.#tell()
    })
    void relay.ended.then((failure) => {
      this.#failure = failure
      if (failure && move.course.stage !== 'over') move.recorder.log('warning', `${failure.message} ${failure.evidence ?? ''}`.trim())
    })
  }

  /** Why the way broke, where it did: QEMU and libvirt only see a connection that went. */
  get failure(): Failure | null {
    return this.#failure
  }

  /** Whether Confirm may be sent before Finish is answered. */
  get releasesEarly(): boolean {
    return this.#relay.mayReleaseEarly !== undefined
  }

  /** Hears of what an early release waits for. Both connections last as long as the move. */
  listen(source: Connection, destination: Connection): void {
    if (!this.releasesEarly) return
    const { uuid } = this.#move.spec.vm
    // Of the job's own words `completed` means the same as active; only QEMU's event tells them apart.
    source.events.onMonitorEvent('MIGRATION')(({ dom, details }) => {
      if (dom.uuid === uuid && /"status"\s*:\s*"completed"/.test(details ?? '')) this.#sourceDone()
    })
    destination.events.onDidChangeLifecycle(({ dom, lifecycle }) => {
      if (dom.uuid !== uuid) return
      if (lifecycle.event === 'resumed') this.#destinationRuns()
      else if (lifecycle.event === 'defined') this.#destinationKeeps()
    })
    this.#isListening = Promise.all([source.events.settled(), destination.events.settled()])
    this.#isListening.catch(() => {})
  }

  /** What the five calls do differently. `signal`: the move's cancellation. */
  hooks(signal: AbortSignal): Pick<DriveHands, 'replaceUri' | 'replaceCookie' | 'mayReleaseEarly'> {
    return {
      replaceUri: (uri) => this.#relay.open(uri, signal),
      replaceCookie: withoutPreempt,
      ...(this.releasesEarly ? { mayReleaseEarly: () => this.#mayReleaseEarly() } : {}),
    }
  }

  /** Confirm has been answered: the source's libvirt has let go. */
  confirmed(): void {
    this.#hasConfirmed = true
    this.#tell()
  }

  setBandwidth(mebibytesPerSecond: number | null): void {
    this.#relay.setBandwidth?.(mebibytesPerSecond)
  }

  /** The move has come through: everything that is still on its way arrives first. */
  async arrived(): Promise<void> {
    await this.#relay.ended
    this.#tell()
  }

  /** The move has failed or was cancelled. What has crossed the switch is not broken off. */
  giveUp(): void {
    if (this.#move.recorder.hasCrossedSwitch) return
    this.#relay.close(new Failure('move-ended', 'The move has ended.'))
  }

  async #mayReleaseEarly(): Promise<void> {
    await this.#isListening
    await Promise.all([this.#relay.mayReleaseEarly?.(), this.#sourceIsDone, this.#destinationIsRunning, this.#move.plan.flags.persistDest === true ? this.#destinationIsKept : null])
  }

  #tell(): void {
    if (this.#move.course.stage === 'over') return
    const mayPowerOff = this.#hasConfirmed && this.#figures.sourceFreeAt !== null
    this.#move.recorder.tell({ kind: 'pages', pages: { ...this.#figures, mayPowerOff } })
  }
}
