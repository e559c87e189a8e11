import type { Socket } from 'node:net'
import { abortable } from '../../base/abort.ts'
import { Emitter } from '../../base/event.ts'
import type { Failure } from '../../base/failure.ts'
import { pageBytes } from '../pages/page-hash.ts'
import { postcopyRefused, type SenderStream } from '../pages/sender-stream.ts'
import { noPageFigures, type PageFigures } from '../protocol/page-figures.ts'
import type { GangSpec } from '../protocol/relay-spec.ts'
import type { TunnelRoute } from '../tunnel/tunnel-client.ts'
import type { Gang } from './gang.ts'
import { loopbackPort, openSourceLeg, type LegOptions, type SourceLeg } from './legs.ts'
import type { PageRelay } from './page-relay.ts'

/** Between two tellings. */
const tellEveryMs = 250

export interface GangMember {
  readonly leg: LegOptions
  readonly spec: GangSpec
  /** To the destination's agent. */
  readonly route: TunnelRoute
  readonly isPrecopy: boolean
}

/** The source's end of the memory of one VM of a gang. */
export class GangRelay implements PageRelay {
  readonly #member: GangMember
  readonly #gang: Gang
  readonly #counted = new Emitter<PageFigures>()
  #leg: SourceLeg | null = null
  #stream: SenderStream | null = null
  #reason: Failure | null = null
  #ticking: NodeJS.Timeout | undefined
  #isOver = false
  #settle: (failure: Failure | null) => void = () => {}

  readonly onDidCount = this.#counted.event
  readonly ended: Promise<Failure | null>

  constructor(member: GangMember, gang: Gang) {
    this.#member = member
    this.#gang = gang
    this.ended = new Promise((resolve) => (this.#settle = resolve))
    gang.join(member.spec)
    // Before libvirt has made ready: the destination may already look for what its own VMs hold.
    if (member.isPrecopy) void gang.channel(member.spec, member.route).catch(() => {})
  }

  async open(uriOut: string, signal: AbortSignal): Promise<string> {
    const { spec, route, leg, isPrecopy } = this.#member
    if (!isPrecopy) throw postcopyRefused()
    const port = loopbackPort(uriOut)
    const sender = await abortable(this.#gang.channel(spec, route), signal)
    const stream = await sender.openStream(spec.vm, { uuid: leg.uuid, port })
    this.#stream = stream
    void stream.ended.then((failure) => this.#end(this.#reason ?? failure))
    if (this.#reason) stream.fail(this.#reason)
    this.#leg = await openSourceLeg(leg)
    if (this.#reason || this.#isOver) this.#leg.close()
    signal.throwIfAborted()
    this.#leg.connection.then(
      (qemu) => this.#attach(stream, qemu),
      // Closed before QEMU came: the stream has been given up.
      () => {},
    )
    return this.#leg.uri
  }

  close(reason: Failure): void {
    this.#reason ??= reason
    this.#leg?.close()
    if (this.#stream) this.#stream.fail(reason)
    else this.#end(reason)
  }

  setBandwidth(mebibytesPerSecond: number | null): void {
    this.#gang.setBandwidth(mebibytesPerSecond)
  }

  #attach(stream: SenderStream, qemu: Socket): void {
    this.#ticking = setInterval(() => this.#tell(), tellEveryMs)
    stream.attach(qemu)
    this.#gang.conduct(this.#member.spec, stream)
  }

  #tell(): void {
    if (!this.#stream) return
    const { counts, bytes } = this.#stream
    this.#counted.fire({
      ...noPageFigures,
      classes: { unique: counts.unique, inVm: counts.inVm, acrossVms: counts.acrossVms, alreadyThere: counts.alreadyThere, zero: counts.zero },
      bytes: { ...bytes, core: counts.coreBytes, rack: counts.rackBytes },
      backlog: Math.ceil((bytes.fromQemu - bytes.toQemu) / pageBytes),
    })
  }

  #end(failure: Failure | null): void {
    if (this.#isOver) return
    this.#isOver = true
    clearInterval(this.#ticking)
    this.#leg?.close()
    this.#tell()
    this.#settle(failure)
    this.#counted.dispose()
    this.#gang.leave(this.#member.spec)
  }
}
