import type { Disposable } from '../../base/disposable.ts'
import type { LinkDescription } from '../lab.ts'
import type { WorldClock } from '../time/world-clock.ts'

/** What Ethernet, IP and TCP leave of a wire's bits: 1448 of 1538 bytes a frame. */
const payload = 0.9415
/** Bytes of a TCP segment. */
const segment = 1448
/** Where TCP gives up a connection whose packets nobody answers: tcp_retries2 = 15, RFC 1122 and ip-sysctl.txt, ms. */
const givesUpMs = 924_000
/** What a sender's kernel takes before it lets the program wait: the last of tcp_wmem, ip-sysctl.txt, bytes. */
const sendBuffer = 4_194_304
/** How a window grows without loss: CUBIC's C, segments / s³, and α of its Reno-friendly region, segments per round trip (RFC 9438, 4.2 and 4.3, with β = 0.7). */
const cubicGrowth = 0.4
const renoGrowth = 0.529

/** One direction of a cable. */
export class Link {
  readonly name: string
  readonly latencyMs: number
  /** Bytes per ms that TCP gets through, all flows together. */
  #capacity = 0
  #loss = 0
  isCut = false

  constructor(name: string, description: LinkDescription) {
    this.name = name
    this.latencyMs = description.latencyMs ?? 0.1
    this.shape(description)
  }

  shape({ mbps, lossPercent = 0 }: Pick<LinkDescription, 'mbps' | 'lossPercent'>): void {
    this.#capacity = (mbps * 1e6 * payload) / 8 / 1000
    this.#loss = lossPercent / 100
  }

  get capacity(): number {
    return this.isCut ? 0 : this.#capacity
  }

  get loss(): number {
    return this.#loss
  }
}

export interface FlowOptions {
  readonly path: readonly Link[]
  /** Bytes per ms that the sender makes at most; may be changed. */
  readonly limit?: number
  /** Milliseconds of work per byte in which nothing is sent. */
  readonly overhead?: number
  /** Since when the same connection has been filling its wires, see {@link Flow.fullSince}. */
  readonly fullSince?: number | null
  /** The connection was given up, or its far end is gone. */
  readonly onBroken: (reason: string) => void
}

/** Bytes on their way from one host to another. What it has sent only grows. */
export class Flow implements Disposable {
  readonly path: readonly Link[]
  readonly onBroken: (reason: string) => void
  readonly #network: Network
  readonly #ceiling: number
  #limit: number
  #overhead: number
  #rate = 0
  #sent = 0
  #at: number
  #goal = Infinity
  #onGoal: (() => void) | null = null
  #timer: Disposable | null = null
  #fullSince: number | null
  #fullRate = 0
  /** While what was queued arrives: what had been sent before. */
  #drainedFrom: number | null = null

  constructor(network: Network, options: FlowOptions) {
    this.#network = network
    this.path = options.path
    this.onBroken = options.onBroken
    this.#limit = options.limit ?? Infinity
    this.#overhead = options.overhead ?? 0
    this.#at = network.clock.now
    this.#ceiling = lossCeiling(options.path)
    this.#fullSince = options.fullSince ?? null
  }

  /** Bytes per ms at the moment. */
  get rate(): number {
    return this.#rate
  }

  /** Bytes sent so far. Reading changes nothing. */
  get sent(): number {
    return this.#drainedFrom ?? this.#passed
  }

  get #passed(): number {
    return Math.min(this.#goal, this.#sent + this.#rate * (this.#network.clock.now - this.#at))
  }

  /** The moment, virtual ms, since when the wires have been slower than the sender; null while they are not. */
  get fullSince(): number | null {
    return this.#fullSince
  }

  /**
   * Bytes that the sender is rid of and that have not arrived: the window grows without loss for as long as the wires are full, and everything beyond what they hold queues
   * before the narrowest, up to the sender's buffer. Nothing queues where sender, limit or loss are slower than the wires.
   */
  get queued(): number {
    if (this.#fullSince === null) return 0
    const seconds = (this.#network.clock.now - this.#fullSince) / 1000
    // A round trip over a queue of W segments lasts W / rate, so dW/dt = α rate / W.
    const reno = Math.sqrt((2 * renoGrowth * this.#fullRate * 1000 * seconds) / segment)
    return Math.min(sendBuffer, segment * Math.max(cubicGrowth * seconds ** 3, reno))
  }

  /** Milliseconds that something waits in the queue that is sent now. */
  get queueMs(): number {
    return this.#fullRate > 0 ? this.queued / this.#fullRate : 0
  }

  /** What it would take at most, bytes per ms. */
  get demand(): number {
    if (this.#goal <= this.#sent) return 0
    return slowed(Math.min(this.#limit, this.#ceiling), this.#overhead)
  }

  get isStalled(): boolean {
    return this.#goal > this.#passed && this.path.some((link) => link.isCut)
  }

  /** Sends until `bytes` in all have gone, then calls `onGoal` once. What was set before is forgotten. */
  sendUntil(bytes: number, onGoal: () => void): void {
    this.settle()
    this.#goal = Math.max(bytes, this.#sent)
    this.#onGoal = onGoal
    this.#network.share()
  }

  /** Calls `onDone` once everything that was sent has arrived. Nothing is sent from now until the next {@link sendUntil}. */
  drain(onDone: () => void): void {
    const { queued, sent } = this
    this.sendUntil(sent + queued, () => {
      this.#drainedFrom = null
      this.#sent = this.#goal = sent
      onDone()
    })
    this.#drainedFrom = sent
  }

  setPace(pace: { limit?: number; overhead?: number }): void {
    this.settle()
    this.#limit = pace.limit ?? this.#limit
    this.#overhead = pace.overhead ?? this.#overhead
    this.#network.share()
  }

  /** Takes what was sent up to now as sent. */
  settle(): void {
    this.#sent = this.#passed
    this.#at = this.#network.clock.now
  }

  /** Its part of the wires from now on. */
  give(rate: number): void {
    this.settle()
    this.#rate = rate
    // Over a cut cable nothing is acknowledged: the window stays what it was.
    if (rate > 0) {
      if (rate >= this.demand * (1 - 1e-6)) this.#fullSince = null
      else this.#fullSince ??= this.#network.clock.now
      this.#fullRate = rate
    }
    this.#timer?.dispose()
    this.#timer = null
    if (this.#onGoal === null) return
    const left = this.#goal - this.#sent
    if (left <= 0) this.#timer = this.#network.clock.after(0, () => this.#arrive())
    else if (rate > 0) this.#timer = this.#network.clock.after(left / rate, () => this.#arrive())
  }

  dispose(): void {
    this.#timer?.dispose()
    this.#network.remove(this)
  }

  #arrive(): void {
    this.#sent = this.#goal
    this.#at = this.#network.clock.now
    this.#goal = Infinity
    this.#rate = 0
    const onGoal = this.#onGoal
    this.#onGoal = null
    onGoal?.()
    this.#network.share()
  }
}

/** All flows of a world. Links are shared max-min fairly: nobody gets more at the cost of one that has less (Bertsekas and Gallager, Data Networks, 6.5.2). */
export class Network {
  readonly clock: WorldClock
  readonly #flows = new Set<Flow>()
  readonly #deadlines = new Map<Flow, Disposable>()
  #isSharing = false

  constructor(clock: WorldClock) {
    this.clock = clock
  }

  get flows(): ReadonlySet<Flow> {
    return this.#flows
  }

  open(options: FlowOptions): Flow {
    const flow = new Flow(this, options)
    this.#flows.add(flow)
    return flow
  }

  remove(flow: Flow): void {
    if (!this.#flows.delete(flow)) return
    this.#deadlines.get(flow)?.dispose()
    this.#deadlines.delete(flow)
    this.share()
  }

  /** Every connection over one of the links is told that it is gone. */
  break(links: ReadonlySet<Link>, reason: string): void {
    for (const flow of [...this.#flows]) if (flow.path.some((link) => links.has(link))) flow.onBroken(reason)
  }

  /** Gives every flow its rate anew, after anything has changed. */
  share(): void {
    if (this.#isSharing) return
    this.#isSharing = true
    const rates = maxMin([...this.#flows].map((flow) => ({ path: flow.path, demand: flow.demand })))
    let i = 0
    for (const flow of this.#flows) flow.give(rates[i++] ?? 0)
    this.#isSharing = false
    this.#watchStalled()
  }

  #watchStalled(): void {
    for (const flow of this.#flows) {
      const deadline = this.#deadlines.get(flow)
      if (flow.isStalled && !deadline) {
        this.#deadlines.set(flow, this.clock.after(givesUpMs, () => flow.onBroken('Connection timed out')))
      } else if (!flow.isStalled && deadline) {
        deadline.dispose()
        this.#deadlines.delete(flow)
      }
    }
  }
}

interface Claim {
  readonly path: readonly Pick<Link, 'capacity'>[]
  readonly demand: number
}

/** Max-min fair rates by filling all claims evenly until a link or a demand is full, again and again. */
export function maxMin(claims: readonly Claim[]): number[] {
  const rates = claims.map(() => 0)
  const left = new Map<Pick<Link, 'capacity'>, number>()
  for (const { path } of claims) for (const link of path) left.set(link, link.capacity)
  let open = claims.map((_, i) => i).filter((i) => claims[i]!.demand > 0)
  while (open.length > 0) {
    const users = new Map<Pick<Link, 'capacity'>, number>()
    for (const i of open) for (const link of claims[i]!.path) users.set(link, (users.get(link) ?? 0) + 1)
    let step = Infinity
    for (const [link, count] of users) step = Math.min(step, left.get(link)! / count)
    for (const i of open) step = Math.min(step, claims[i]!.demand - rates[i]!)
    if (step === Infinity) break
    for (const i of open) rates[i] = rates[i]! + step
    for (const [link, count] of users) left.set(link, Math.max(0, left.get(link)! - step * count))
    const isFull = (link: Pick<Link, 'capacity'>) => left.get(link)! <= link.capacity * 1e-9
    const still = open.filter((i) => rates[i]! < claims[i]!.demand * (1 - 1e-9) && !claims[i]!.path.some(isFull))
    if (still.length === open.length) break
    open = still
  }
  return rates
}

function slowed(rate: number, overhead: number): number {
  if (overhead === 0) return rate
  return rate === Infinity ? 1 / overhead : 1 / (1 / rate + overhead)
}

/** What loss leaves of one TCP connection: segment / RTT × 1.22 / √p (Mathis et al., CCR 27(3), 1997). */
function lossCeiling(path: readonly Link[]): number {
  const arrived = path.reduce((share, { loss }) => share * (1 - loss), 1)
  if (arrived >= 1) return Infinity
  return (segment / roundTrip(path)) * (1.22 / Math.sqrt(1 - arrived))
}

/** Milliseconds there and back. */
export function roundTrip(path: readonly Pick<Link, 'latencyMs'>[]): number {
  return Math.max(0.05, 2 * path.reduce((sum, { latencyMs }) => sum + latencyMs, 0))
}
