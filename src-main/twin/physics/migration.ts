import type { Disposable } from '../../base/disposable.ts'
import type { Guest } from '../guest.ts'
import type { HostCosts } from '../lab.ts'
import type { MigrationFigures, MigrationOptions, Phase } from './migration-terms.ts'
import { Gathering } from './gathering.ts'
import { roundTrip, type Flow } from './network.ts'
import { pageBytes } from './process.ts'
import { Throttle } from './throttle.ts'

/** A page with content on the wire, and one of zeros (QEMU, migration/ram.c: save_normal_page, save_zero_page). */
const sentBytes = pageBytes + 8
const zeroBytes = 9
/** QEMU has no bandwidth to reckon a downtime from before its first window is over, ms (BUFFER_DELAY). */
const windowMs = 100
/** QEMU sends for so long before it looks at what is left (MAX_WAIT in migration/ram.c), ms. */
const iterateMs = 50

/**
 * One guest on its way, as QEMU does it: rounds over what is dirty until the rest fits the downtime limit (Clark et al., NSDI 2005; migration_iteration_run), the guest
 * throttled while rounds do not shrink (migration_trigger_throttle), or switched to post-copy (Hines and Gopalan, VEE 2009). All of it follows from how the guest writes and what
 * the wires carry.
 */
export class Migration {
  readonly guest: Guest
  readonly #o: MigrationOptions
  readonly #startedAt: number
  #phase: Phase = 'setup'
  #flow: Flow | null = null
  #gathering: Gathering | null = null
  #timer: Disposable | null = null
  #limit: number
  #postcopyLimit: number
  #downtimeMs: number
  #isEarly = true
  #iteration = 0
  #syncedAt = 0
  /** Pages to go at the start of the round: those that were never looked at, and those known to be dirty. */
  #roundPages = 0
  #roundZeros = 0
  /** Of them, those that were written since they were sent. */
  #roundAgain = 0
  #roundBytes = 0
  #roundFrom = 0
  #memorySentBefore = 0
  #normal = 0
  #constant = 0
  readonly #throttle: Throttle
  #diskSent = 0
  #stoppedAt: number | null = null
  #downtime: number | null = null
  #switchedAt: number | null = null
  #missing = 0
  #requestsBefore = 0
  /** What a page that the guest waits for is on its way, ms. */
  #faultMs = 0
  #isSwitchWanted = false
  #endedAt: number | null = null

  constructor(options: MigrationOptions) {
    this.#o = options
    this.guest = options.guest
    this.#throttle = new Throttle(options)
    this.#limit = options.limit
    this.#postcopyLimit = options.postcopyLimit
    this.#downtimeMs = options.downtimeMs
    this.#startedAt = options.clock.now
    // One timer tells, not the time that has elapsed: that is rounded, and may stay a rounding too short for ever.
    options.clock.after(windowMs, () => {
      this.#isEarly = false
      if (this.#phase === 'memory') this.#aim()
    })
    options.on.status('setup')
    const { disk } = options
    this.#timer = options.clock.after(this.#cost('setupMs') + (disk.total > 0 ? this.#cost('diskSetupMs') : 0), () => (disk.total > 0 ? this.#copyDisks() : this.#copyMemory()))
  }

  /** All of the memory is at the destination: with depots that is later than its leaving the source. */
  get hasArrived(): boolean {
    return this.#phase === 'completed' && (this.#gathering?.isOver ?? true)
  }

  /** Bytes of a post-copy through depots that have left the source, and that the destination has. */
  get scattered(): { readonly drained: number; readonly gathered: number } {
    const { total = 0, bytes = 0 } = this.#gathering ?? {}
    const drained = this.#phase === 'completed' ? total : this.#phase === 'postcopy' ? (this.#flow?.sent ?? 0) : 0
    return { drained, gathered: Math.min(drained, bytes) }
  }

  get phase(): Phase {
    return this.#phase
  }

  get throttle(): number {
    return this.#throttle.percent
  }

  /** Bytes per ms. */
  setLimit(limit: number, isPostcopy: boolean): void {
    if (isPostcopy) this.#postcopyLimit = limit
    else this.#limit = limit
    this.#pace()
  }

  setDowntime(milliseconds: number): void {
    this.#downtimeMs = milliseconds
    if (this.#phase === 'memory') this.#aim()
  }

  /** Whether memory is on its way, so that a switch is possible. */
  get isCopyingMemory(): boolean {
    return this.#phase === 'memory'
  }

  /** A switch has been made, or is on its way. */
  get isSwitching(): boolean {
    return this.#isSwitchWanted
  }

  switchToPostcopy(): void {
    if (this.#phase !== 'memory' || this.#isSwitchWanted) return
    this.#isSwitchWanted = true
    this.#sync()
    this.#stop()
  }

  /** The guest goes on at the source; ends what is on its way. Too late once it has been handed over. */
  cancel(): boolean {
    if (!['setup', 'storage', 'memory', 'stopping'].includes(this.#phase) || this.#isSwitchWanted) return false
    this.#end('cancelled')
    this.#o.carriage?.onFailed('cancelled')
    this.#o.on.status('cancelled')
    return true
  }

  /** A network that broke, or a host that went. */
  fail(reason: string): void {
    if (['completed', 'failed', 'cancelled', 'paused'].includes(this.#phase)) return
    if (this.#switchedAt !== null) return this.pausePostcopy()
    this.#end('failed')
    this.#o.carriage?.onFailed(reason)
    this.#o.on.status('failed')
    this.#o.on.failed(reason)
  }

  /** Interrupts a post-copy; it can be resumed. */
  pausePostcopy(): void {
    if (this.#phase !== 'postcopy' && this.#phase !== 'handed-over') return
    this.#missing = this.#remaining()
    this.#requestsBefore = this.#requests()
    this.#memorySentBefore += this.#flow ? this.#flow.sent - this.#roundFrom : 0
    this.#release()
    this.#phase = 'paused'
    this.#o.on.status('postcopy-paused')
    this.#o.on.failed('postcopy paused')
  }

  resumePostcopy(): void {
    if (this.#phase !== 'paused') return
    this.#o.on.status('postcopy-active')
    this.#push()
  }

  /** The destination's CPUs run: the guest's pause is over. */
  started(): void {
    if (this.#stoppedAt !== null && this.#downtime === null) this.#downtime = this.#o.clock.now - this.#stoppedAt
    if (this.#switchedAt !== null && this.#phase === 'handed-over') {
      this.#switchedAt = this.#o.clock.now
      this.#push()
    }
  }

  get figures(): MigrationFigures {
    const { clock, guest, disk } = this.#o
    const remaining = this.#remaining()
    const hasMemory = this.#iteration > 0
    const seenZeros = this.#constant + (this.#roundZeros > 0 && this.#roundBytes > 0 ? this.#roundZeros * this.#roundShare() : 0)
    const rate = this.#flow?.rate ?? 0
    return {
      phase: this.#phase,
      elapsedMs: (this.#endedAt ?? clock.now) - this.#startedAt,
      setupMs: this.#cost('setupMs'),
      memoryTotal: hasMemory ? guest.pages * pageBytes : 0,
      memoryRemaining: hasMemory ? Math.round(remaining) : 0,
      memoryTransferred: Math.round(this.#memorySent()),
      constantPages: Math.round(seenZeros),
      normalPages: Math.round(this.#normal + (this.#roundPages - this.#roundZeros) * this.#roundShare()),
      bytesPerSecond: Math.round(rate * 1000),
      dirtyPagesPerSecond: Math.round(this.#throttle.dirtyPagesPerSecond),
      iteration: this.#iteration,
      throttle: this.#throttle.percent,
      postcopyRequests: Math.round(this.#requests()),
      diskTotal: disk.total,
      diskTransferred: Math.round(this.#phase === 'storage' && this.#flow ? (this.#flow.sent / Math.max(1, disk.used)) * disk.total : this.#diskSent),
      downtimeMs: this.#downtime ?? (this.#stoppedAt === null ? this.#expectedDowntime(remaining) : clock.now - this.#stoppedAt),
    }
  }

  #cost(key: keyof HostCosts): number {
    return Math.max(this.#o.source[key], this.#o.destination[key]) * this.#o.slowdown()
  }

  #expectedDowntime(remaining: number): number {
    const rate = this.#flow?.rate ?? 0
    return rate > 0 ? Math.round(Math.min(remaining / rate, 1e9)) : this.#downtimeMs
  }

  #copyDisks(): void {
    const { network, path, disk } = this.#o
    this.#phase = 'storage'
    const perMs = Math.min(this.#o.source.diskBytesPerSecond, this.#o.destination.diskBytesPerSecond) / 1000
    this.#flow = network.open({ path, limit: Math.min(this.#limit, perMs), onBroken: (reason) => this.fail(reason) })
    this.#flow.sendUntil(disk.used, () => {
      this.#diskSent = disk.total
      this.#release()
      this.#copyMemory()
    })
  }

  #copyMemory(): void {
    const { clock, network, path, guest, on } = this.#o
    this.#phase = 'memory'
    this.#syncedAt = clock.now
    this.#throttle.begin()
    this.#syncedAtFlow = { at: clock.now, sent: 0 }
    this.#flow = network.open({ path, onBroken: (reason) => this.fail(reason) })
    on.status('active')
    this.#round(guest.pages, guest.pages - guest.used)
  }

  /** Starts on so many pages, of which some are zeros and some are sent once more. */
  #round(pages: number, zeros: number, again = 0): void {
    this.#normal += (this.#roundPages - this.#roundZeros) * this.#roundShare()
    this.#constant += this.#roundZeros * this.#roundShare()
    this.#roundPages = pages
    this.#roundZeros = zeros
    this.#roundAgain = Math.min(again, pages - zeros)
    this.#roundBytes = ((pages - zeros - this.#roundAgain) * (this.#o.carriage?.crossing ?? 1) + this.#roundAgain) * sentBytes + zeros * zeroBytes
    this.#roundFrom = this.#flow!.sent
    this.#iteration++
    this.#o.on.iteration(this.#iteration)
    this.#pace()
    this.#aim()
  }

  /** How fast the two CPUs and the limit let it go. */
  #pace(): void {
    if (!this.#flow || this.#phase === 'storage') return void (this.#phase === 'storage' && this.#flow?.setPace({ limit: this.#limit }))
    const bytes = Math.max(1, this.#roundBytes)
    const slow = this.#o.slowdown()
    const pageUs = Math.max(this.#o.source.pageUs, this.#o.destination.pageUs)
    const zeroUs = this.#o.source.zeroPageUs
    const normal = this.#roundPages - this.#roundZeros
    // Pages are sent while the next ones are read; zeros only cost the looking.
    const cpu = normal > 0 ? (bytes / (normal * pageUs)) * (1000 / slow) : Infinity
    const overhead = (this.#roundZeros * zeroUs * slow) / 1000 / bytes
    const limit = this.#phase === 'memory' ? this.#limit : this.#phase === 'postcopy' ? this.#postcopyLimit : Infinity
    this.#flow.setPace({ limit: Math.min(cpu, limit), overhead })
  }

  #roundShare(): number {
    if (!this.#flow || this.#roundBytes <= 0) return 0
    return Math.min(1, Math.max(0, (this.#flow.sent - this.#roundFrom) / this.#roundBytes))
  }

  #remaining(): number {
    if (this.#phase === 'paused') return this.#missing
    if (this.#phase === 'completed') return 0
    return (1 - this.#roundShare()) * this.#roundPages * pageBytes
  }

  #memorySent(): number {
    if (this.#phase === 'storage') return 0
    return this.#memorySentBefore + (this.#flow && this.#phase !== 'setup' ? this.#flow.sent - this.#base : 0)
  }

  get #base(): number {
    return this.#switchedAt !== null ? this.#roundFrom : 0
  }

  /** Sends until the rest would fit the downtime limit, then looks again at what is dirty. */
  #aim(): void {
    const flow = this.#flow
    if (!flow) return
    const fits = this.#isEarly ? 0 : flow.rate * this.#downtimeMs
    // What is left is reckoned in pages, whatever is in them: nobody has looked yet.
    const left = this.#roundPages * pageBytes
    const share = left > 0 ? Math.max(0, 1 - fits / left) : 1
    const goal = this.#roundFrom + Math.max(share * this.#roundBytes, 0)
    flow.sendUntil(Math.max(flow.sent + Math.min(flow.rate * iterateMs, this.#roundFrom + this.#roundBytes - flow.sent), goal), () => this.#look())
  }

  #look(): void {
    if (this.#phase !== 'memory') return
    const flow = this.#flow!
    // The rate of the moment is what the goal was reckoned from; a change of it moves the goal.
    const seen = this.#lastRate
    this.#sync()
    const rate = seen || flow.rate
    const left = this.#roundPages * pageBytes
    if (left <= rate * this.#downtimeMs || left === 0) return this.#stop()
    this.#aim()
  }

  get #lastRate(): number {
    const elapsed = this.#o.clock.now - this.#syncedAtFlow.at
    return elapsed > 0 ? (this.#flow!.sent - this.#syncedAtFlow.sent) / elapsed : 0
  }
  #syncedAtFlow = { at: 0, sent: 0 }

  /** What was written since the last look joins what is still to go. */
  #sync(): void {
    const { clock, guest } = this.#o
    const now = clock.now
    const flow = this.#flow!
    const leftPages = (1 - this.#roundShare()) * this.#roundPages
    const leftZeros = (1 - this.#roundShare()) * this.#roundZeros
    const leftAgain = (1 - this.#roundShare()) * this.#roundAgain
    const fresh = guest.dirtiedIn(now - this.#syncedAt)
    // A page that is still to go and is written again goes once.
    const twice = guest.used > 0 ? Math.min(leftPages, (fresh * (leftPages - leftZeros)) / Math.max(1, guest.used)) : 0
    this.#syncedAt = now
    this.#throttle.weigh(fresh, flow.sent)
    this.#round(leftPages + fresh - twice, leftZeros, leftAgain + fresh - twice)
    this.#syncedAtFlow = { at: now, sent: flow.sent }
  }

  #stop(): void {
    const { clock, guest, on } = this.#o
    this.#phase = 'stopping'
    this.#stoppedAt = clock.now
    guest.halt(clock.lived)
    on.stopped()
    on.status('device')
    if (this.#isSwitchWanted) {
      this.#switchedAt = clock.now
      // Of zeros only so much goes as says that they are zeros.
      this.#missing = (this.#roundPages - this.#roundZeros) * pageBytes
      this.#memorySentBefore += this.#flow!.sent
      // What a post-copy sends at the switch is devices only.
      this.#flow!.setPace({ limit: Infinity, overhead: 0 })
      this.#roundBytes = 0
      this.#roundFrom = this.#flow!.sent
      this.#deliver(this.#flow!.sent + this.#o.source.deviceBytes, this.#cost('stopMs'), () => {
        this.#phase = 'handed-over'
        on.status('postcopy-active')
        on.handedOver()
      })
      return
    }
    this.#pace()
    const all = this.#roundFrom + this.#roundBytes + this.#o.source.deviceBytes
    this.#deliver(all, this.#cost('stopMs') + this.#cost('loadMs'), () => {
      this.#phase = 'completed'
      this.#memorySentBefore += this.#flow!.sent
      this.#normal += this.#roundPages - this.#roundZeros
      this.#roundPages = this.#roundZeros = 0
      this.#release()
      this.#endedAt = clock.now
      this.#throttle.end()
      on.status('completed')
      this.#o.carriage?.onArrived()
      on.handedOver()
    })
  }

  /** The last of the stream, which arrives behind all that is queued, and the work on it: the guest stands still meanwhile. */
  #deliver(until: number, workMs: number, onDone: () => void): void {
    const { clock, path } = this.#o
    this.#flow!.sendUntil(until, () => this.#flow!.drain(() => (this.#timer = clock.after(workMs + roundTrip(path) / 2, onDone))))
  }

  /** The rest of a post-copy's memory: a stream of pages, those that the guest waits for first. */
  #push(): void {
    const { clock, network, path, on } = this.#o
    const fullSince = this.#flow?.fullSince ?? null
    this.#faultMs = roundTrip(path) + (this.#flow?.queueMs ?? 0)
    this.#release()
    this.#phase = 'postcopy'
    const scatter = this.#o.carriage?.scatter ?? null
    this.#flow = network.open(scatter ? { path: scatter.out, onBroken: (reason) => this.fail(reason) } : { path, fullSince, onBroken: (reason) => this.fail(reason) })
    this.#roundPages = this.#missing / pageBytes
    this.#roundZeros = 0
    this.#roundAgain = 0
    this.#roundBytes = this.#roundPages * sentBytes
    this.#roundFrom = 0
    this.#pace()
    this.#flow.sendUntil(this.#roundBytes, () => {
      this.#requestsBefore = this.#requests()
      this.#memorySentBefore += this.#roundBytes
      this.#normal += this.#roundPages
      this.#roundPages = this.#roundBytes = 0
      this.#release()
      this.#phase = 'completed'
      this.#endedAt = clock.now
      this.#throttle.end()
      on.status('completed')
      this.#o.carriage?.onDrained()
      if (this.#gathering?.isOver ?? true) this.#arrive()
    })
    if (!scatter) return
    this.#gathering = new Gathering(network, scatter, this.#roundBytes, {
      done: () => this.#phase === 'completed' && this.#arrive(),
      broken: (reason) => {
        this.#o.carriage?.onFailed(reason)
        on.failed(reason)
      },
    })
  }

  #arrive(): void {
    this.#o.carriage?.onArrived()
    this.#o.on.arrived()
  }

  /** Pages that the guest had to ask for: it touches its working set as fast as it writes to it, of that a share is missing, and each answer takes a round trip behind what is queued. */
  #requests(): number {
    if (this.#phase !== 'postcopy' || !this.#flow || this.#switchedAt === null) return this.#requestsBefore
    const done = this.#roundShare()
    const touched = this.guest.dirtying.reduce((sum, { workingSet }) => sum + workingSet, 0)
    const missing = Math.min(1, this.#missing / Math.max(1, this.guest.pages * pageBytes))
    const seconds = (this.#o.clock.now - this.#switchedAt) / 1000
    const perSecond = (1000 * this.guest.about.vcpus) / (this.#faultMs + this.#cost('faultMs'))
    return this.#requestsBefore + Math.min(touched * missing * 0.5 * (1 - (1 - done) ** 2), perSecond * seconds)
  }

  #release(): void {
    this.#timer?.dispose()
    this.#timer = null
    this.#flow?.dispose()
    this.#flow = null
  }

  #end(phase: 'failed' | 'cancelled'): void {
    if (this.#flow && this.#phase !== 'storage') this.#memorySentBefore += this.#flow.sent
    this.#release()
    this.#phase = phase
    this.#endedAt = this.#o.clock.now
    this.#throttle.end()
  }
}
