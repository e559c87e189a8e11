import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { z } from 'zod'
import { Emitter } from '../../base/event.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import { noPageFigures, type PageFigures } from '../protocol/page-figures.ts'
import { dialDestinationLeg, loopbackPort, openSourceLeg, type LegOptions, type SourceLeg } from './legs.ts'
import { answerLink, awaitAnswer, type PageRole } from './page-link.ts'
import type { PageRelay } from './page-relay.ts'
import { splice } from './splice.ts'

const passHello = z.object({ role: z.literal('pass'), uuid: z.guid(), port: z.number().int().min(1).max(65_535) })
type PassHello = z.infer<typeof passHello>

/** Between two tellings. */
const tellEveryMs = 200

/** The destination's end of a stream that is carried as it is: dials QEMU, and is done when both have hung up. */
export const passRole: PageRole = async (link, hello, { log }) => {
  const { uuid, port } = passHello.parse(hello)
  let qemu: Socket
  try {
    qemu = await dialDestinationLeg(port, { uuid, log })
  } catch (thrown) {
    answerLink(link, thrown instanceof Failure ? thrown : new Failure('relay-no-qemu', messageOf(thrown)))
    link.end()
    return
  }
  answerLink(link, null)
  const broke = await splice(link, qemu, () => {})
  if (broke !== null) log('warning', `relay ${uuid}: ${broke}`)
}

/** The source's end of a stream that is carried as it is. */
export class PassRelay implements PageRelay {
  readonly #options: LegOptions
  readonly #openLink: (hello: PassHello, signal: AbortSignal) => Promise<Duplex>
  readonly #counted = new Emitter<PageFigures>()
  #leg: SourceLeg | null = null
  #link: Duplex | null = null
  #qemu: Socket | null = null
  #reason: Failure | null = null
  #bytes = 0
  #settle: (failure: Failure | null) => void = () => {}

  readonly onDidCount = this.#counted.event
  readonly ended: Promise<Failure | null>

  /** `openLink` dials the destination's agent. */
  constructor(options: LegOptions, openLink: (hello: PassHello, signal: AbortSignal) => Promise<Duplex>) {
    this.#options = options
    this.#openLink = openLink
    this.ended = new Promise((resolve) => (this.#settle = resolve))
  }

  async open(uriOut: string, signal: AbortSignal): Promise<string> {
    const link = await this.#openLink({ role: 'pass', uuid: this.#options.uuid, port: loopbackPort(uriOut) }, signal)
    this.#link = link
    await awaitAnswer(link, signal)
    this.#leg = await openSourceLeg(this.#options)
    if (this.#reason) throw this.#reason
    this.#leg.connection.then(
      (qemu) => void this.#carry(qemu, link),
      () => this.#end(null),
    )
    link.once('close', () => {
      // Before QEMU has come there is nothing that it could notice.
      if (!this.#qemu) this.close(new Failure('relay-broken', 'The destination’s agent closed the way for the memory.'))
    })
    return this.#leg.uri
  }

  close(reason: Failure): void {
    this.#reason ??= reason
    this.#leg?.close()
    this.#link?.destroy()
    this.#qemu?.destroy()
    if (!this.#qemu) this.#end(reason)
  }

  async #carry(qemu: Socket, link: Duplex): Promise<void> {
    this.#qemu = qemu
    const ticking = setInterval(() => this.#tell(), tellEveryMs)
    const broke = await splice(qemu, link, (bytes) => (this.#bytes += bytes))
    clearInterval(ticking)
    this.#tell()
    this.#end(this.#reason ?? (broke === null ? null : new Failure('relay-broken', 'The way of the memory through the agents broke off.', { evidence: broke })))
  }

  #tell(): void {
    this.#counted.fire({ ...noPageFigures, bytes: { fromQemu: this.#bytes, core: this.#bytes, rack: 0, toQemu: this.#bytes } })
  }

  #end(failure: Failure | null): void {
    this.#settle(failure)
    this.#counted.dispose()
  }
}
