import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Emitter } from '../../base/event.ts'
import { Failure } from '../../base/failure.ts'
import { noPageFigures, type PageFigures } from '../protocol/page-figures.ts'
import type { ScatterSpec } from '../protocol/relay-spec.ts'
import { loopbackPort, openSourceLeg, type LegOptions, type SourceLeg } from '../relay/legs.ts'
import { isMidway } from '../relay/midway.ts'
import { awaitAnswer } from '../relay/page-link.ts'
import type { PageRelay } from '../relay/page-relay.ts'
import { holdSocket } from '../relay/socket-holder.ts'
import { endTunnel, openPageLink, type TunnelRoute } from '../tunnel/tunnel-client.ts'
import type { DepotHello } from './depot-role.ts'
import type { GatherAgainHello, GatherHello } from './gather-role.ts'
import { ScatterSource } from './scatter-source.ts'
import { Sealer } from './seal.ts'

/** Between two tellings. */
const tellEveryMs = 200
/** Of dialling another agent: beyond it there is a firewall or no network. */
const dialMs = 15_000
/** A tunnel's end need not be waited for longer. */
const farewellMs = 3000

export interface ScatterOptions {
  readonly leg: LegOptions
  readonly spec: ScatterSpec
  /** To the destination's agent. */
  readonly route: TunnelRoute
  readonly isPostcopy: boolean
}

/** The source's end of one VM's memory that is scattered over depots. */
export class ScatterRelay implements PageRelay {
  readonly #options: ScatterOptions
  readonly #counted = new Emitter<PageFigures>()
  readonly #links: Duplex[] = []
  #leg: SourceLeg | null = null
  #source: ScatterSource | null = null
  #reason: Failure | null = null
  #ticking: NodeJS.Timeout | undefined
  readonly #over = new AbortController()
  #settle: (failure: Failure | null) => void = () => {}
  #begun: (source: ScatterSource) => void = () => {}
  readonly #hasBegun = new Promise<ScatterSource>((resolve) => (this.#begun = resolve))

  readonly onDidCount = this.#counted.event
  readonly ended: Promise<Failure | null>

  constructor(options: ScatterOptions) {
    this.#options = options
    this.ended = new Promise((resolve) => (this.#settle = resolve))
  }

  async open(uriOut: string, signal: AbortSignal): Promise<string> {
    const { leg, spec, isPostcopy } = this.#options
    if (!isPostcopy) throw new Failure('scatter-precopy', 'Memory can be scattered only in a post-copy.')
    const port = loopbackPort(uriOut)
    const ways = spec.depots.map(({ name, capacityMiB, route }) => {
      if (route.via !== 'tunnel') throw new Failure('relay-route', 'Memory can go through the agents only where they have a tunnel.')
      return { name, capacityMiB, route }
    })
    const peers = ways.map(({ route: { host, port: at, serverName } }) => ({ host, port: at, serverName }))
    const secret = Sealer.newSecret()
    const depots = await Promise.all(
      ways.map(async ({ name, capacityMiB, route }) => {
        const hello: DepotHello = { role: 'depot', end: 'source', uuid: leg.uuid, capacityMiB, peers }
        return { name, link: await this.#dial(route, hello, signal) }
      }),
    )
    const hello: GatherHello = {
      role: 'gather',
      uuid: leg.uuid,
      port,
      secret,
      gatherMiBps: spec.gatherMiBps,
      depots: ways.map(({ name }, i) => ({ name, ...(peers[i] as (typeof peers)[number]) })),
    }
    const gather = await this.#dial(this.#options.route, hello, signal)
    this.#leg = await openSourceLeg(leg)
    if (this.#reason) throw this.#reason
    const source = new ScatterSource(gather, {
      depots,
      replicas: spec.replicas,
      sealer: new Sealer(secret),
      hold: (qemu) => holdSocket(qemu as Socket, process.argv[1] as string, leg.uuid),
      isMidway: () => isMidway(leg.uuid),
      redial: () => this.#dial(this.#options.route, { role: 'gather-again', uuid: leg.uuid }, this.#over.signal),
      log: leg.log,
    })
    this.#source = source
    this.#begun(source)
    void source.ended.then((failure) => this.#end(this.#reason ?? failure))
    this.#leg.connection.then(
      (qemu) => {
        this.#ticking = setInterval(() => this.#tell(), tellEveryMs)
        source.take(qemu)
      },
      // Closed before QEMU came: it has been given up.
      () => {},
    )
    return this.#leg.uri
  }

  async mayReleaseEarly(): Promise<void> {
    await (await this.#hasBegun).settled
  }

  close(reason: Failure): void {
    this.#reason ??= reason
    this.#leg?.close()
    if (this.#source) this.#source.fail(reason)
    else this.#end(reason)
  }

  async #dial(route: TunnelRoute, hello: DepotHello | GatherHello | GatherAgainHello, signal: AbortSignal): Promise<Duplex> {
    const link = await openPageLink(route, hello, dialMs, signal)
    this.#links.push(link)
    if (this.#reason) {
      link.destroy()
      throw this.#reason
    }
    await awaitAnswer(link, signal)
    return link
  }

  #tell(): void {
    const source = this.#source
    if (!source) return
    const { sent, counts } = source
    const pageBytes = source.memory?.pageSize ?? 4096
    const pages = sent.direct + sent.sealed + sent.filled
    this.#counted.fire({
      ...noPageFigures,
      classes: { ...noPageFigures.classes, unique: sent.direct + sent.sealed, zero: sent.filled },
      bytes: { fromQemu: sent.fromQemu, core: source.coreBytes, rack: counts.rack, toQemu: counts.toQemu },
      depots: source.depots.map(({ name, pages: held, state, bit }) => ({
        name,
        pages: held,
        bytes: held * pageBytes,
        state: (counts.distrusted & bit) !== 0 ? 'distrusted' : (counts.lost & bit) !== 0 ? 'lost' : (counts.away & bit) !== 0 ? 'away' : state,
      })),
      backlog: Math.max(0, pages - counts.delivered),
      faults: { direct: counts.direct, depot: counts.depot, waiting: counts.waiting },
      sourceFreeAt: source.freeAt,
    })
  }

  #end(failure: Failure | null): void {
    if (this.#over.signal.aborted) return
    this.#over.abort(new Failure('relay-closed', 'The move has ended.'))
    clearInterval(this.#ticking)
    this.#leg?.close()
    if (failure) for (const link of this.#links) link.destroy()
    this.#tell()
    this.#settle(failure)
    this.#counted.dispose()
    for (const { route } of this.#options.spec.depots) if (route.via === 'tunnel') void endTunnel(route, farewellMs)
  }
}
