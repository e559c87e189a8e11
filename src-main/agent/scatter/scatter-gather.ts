import type { Duplex } from 'node:stream'
import { Failure, messageOf } from '../../base/failure.ts'
import { ReturnPathReader, type ReturnMessage } from '../stream/return-path.ts'
import { Pacer } from '../pages/pacer.ts'
import { StreamWriter } from '../stream/stream-writer.ts'
import type { Run } from './depot-gets.ts'
import { Fetcher, type FetcherOptions } from './fetcher.ts'
import { frame, frames, type Frame } from './frame.ts'
import type { GatherCounts } from './gather-counts.ts'
import { GuestMemory } from './guest-memory.ts'
import { LastingLink } from './lasting-link.ts'
import { PageBits } from './page-bits.ts'

/** Bytes that QEMU has not taken, beyond which nothing more is asked for, and the source is not told that it may send. */
const mostUntaken = 256 * 1024
/** Bytes from the source that QEMU has taken without the source having been told. */
const mostUntold = 32 * 1024
const countEveryMs = 200
/** While the guest waits, and so long after it did, since one page that it misses is followed by the next, little else is asked for. Milliseconds. */
const calmAfterMs = 20

export interface ScatterGatherOptions extends FetcherOptions {
  /** MiB/s at which pages are taken; null: all that comes. What the guest waits for does not wait for it. */
  readonly gatherMiBps: number | null
  /** After the switch, how long a source whose link broke may take to dial again. Milliseconds. `drained`: where QEMU there has sent all, so that the agent alone has what is missing. Default: it does not come back. */
  readonly waitsForSource?: { readonly usualMs: number; readonly drainedMs: number }
}

/**
 * The destination's end of one VM in a scatter-gather move: gives QEMU each page exactly once, what the guest waits for first, from the source or from the depots, at the pace at which QEMU takes it.
 * What comes from a depot is used only where its seal is right. Holds what is asked for ahead (at most 2 MiB a depot) and {@link mostUntaken}; beside that a byte and a bit for each page of the guest, and the list of runs.
 */
export class ScatterGather {
  readonly #options: ScatterGatherOptions
  readonly #source: LastingLink
  readonly #qemu: Duplex
  readonly #writer: StreamWriter
  readonly #returns: ReturnPathReader
  readonly #fetcher: Fetcher
  #memory: GuestMemory | null = null
  #delivered = new PageBits(0)
  readonly #waiting = new Map<number, 'direct' | 'depot'>()
  readonly #pacer = new Pacer(() => this.#taken())
  #hasSwitched = false
  #isSourceDrained = false
  #waitingForSource: NodeJS.Timeout | undefined
  #askedAt = -Infinity
  #calming: NodeJS.Timeout | null = null
  #expected: number | null = null
  #isComplete = false
  /** Of what the source was not told: bytes of pages, which keep to the rate, and of the rest. */
  #untoldPages = 0
  #untold = 0
  #counts = { toQemu: 0, direct: 0, depot: 0 }
  #hasEnded = false
  #ticking: NodeJS.Timeout
  #end: (failure: Failure | null) => void = () => {}

  /** Resolves once: null when QEMU has everything and has hung up. Never rejects; all is closed then. */
  readonly ended: Promise<Failure | null>

  constructor(source: Duplex, qemu: Duplex, options: ScatterGatherOptions) {
    this.#options = options
    this.#qemu = qemu
    this.ended = new Promise((resolve) => (this.#end = resolve))
    this.#writer = new StreamWriter((bytes) => {
      this.#counts.toQemu += bytes.length
      qemu.write(bytes)
    })
    this.#returns = new ReturnPathReader((message) => this.#fromQemu(message))
    this.#fetcher = new Fetcher(options, {
      waiting: this.#waiting,
      isOver: () => this.#hasEnded || this.#isComplete,
      hasRoom: () => this.#hasRoom,
      isCalm: () => this.#isCalm(),
      got: (run, data) => {
        this.#deliver(run, data, 'depot')
        this.#writer.flush()
        this.#taken()
      },
      changed: () => this.#tell(),
      fail: (failure) => this.fail(failure),
    })
    this.#source = new LastingLink(
      source,
      (got) => this.#fromSource(got),
      (why, mayReturn) => this.#sourceClosed(why, mayReturn),
    )
    qemu.on('data', (chunk: Buffer) => {
      try {
        this.#returns.push(chunk)
      } catch (thrown) {
        this.fail(thrown instanceof Failure ? thrown : new Failure('relay-broken', messageOf(thrown)))
      }
    })
    qemu.on('drain', () => this.#taken())
    qemu.once('end', () => this.#qemuEnded())
    qemu.once('close', () => this.#qemuEnded())
    qemu.resume()
    this.#pacer.setRate(options.gatherMiBps === null ? null : options.gatherMiBps * 1024 ** 2)
    this.#ticking = setInterval(() => this.#tell(), countEveryMs)
  }

  /** Pages that QEMU has got since the switch. */
  get delivered(): number {
    return this.#delivered.count
  }

  /** Bytes that QEMU has not taken. */
  get untaken(): number {
    return this.#qemu.writableLength
  }

  /** The source has dialled again, with or without this end having noticed that the former link is dead. */
  takeSource(link: Duplex): void {
    if (this.#hasEnded) return void link.destroy()
    clearTimeout(this.#waitingForSource)
    this.#options.log('info', 'scatter: the source is back')
    this.#source.replace(link)
  }

  fail(failure: Failure): void {
    if (this.#hasEnded) return
    this.#tell()
    this.#source.send(frame(frames.over, { payload: Buffer.from(JSON.stringify({ code: failure.code, sentence: failure.message, evidence: failure.evidence })) }))
    this.#finish(failure)
  }

  #finish(failure: Failure | null): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    clearInterval(this.#ticking)
    clearTimeout(this.#waitingForSource)
    if (this.#calming) clearTimeout(this.#calming)
    this.#pacer.dispose()
    this.#fetcher.bye()
    this.#source.end()
    if (failure) this.#qemu.destroy()
    else this.#qemu.end()
    this.#end(failure)
  }

  #fromSource(got: Frame): void {
    switch (got.type) {
      case frames.raw:
        this.#untold += got.payload.length
        this.#writer.raw(got.payload)
        break
      case frames.map:
        this.#memory = GuestMemory.fromMessage(got.payload)
        this.#delivered = new PageBits(this.#memory.pages)
        this.#fetcher.begin(this.#memory, this.#delivered)
        break
      case frames.switched:
        this.#hasSwitched = true
        break
      case frames.direct:
        if (got.extra === 0) this.#untoldPages += got.payload.length
        this.#deliver(got, got.payload, 'direct')
        break
      case frames.fill:
        this.#untold += got.count * 9
        this.#deliver(got, null, 'direct', got.extra)
        break
      case frames.placed:
        this.#fetcher.placed(got, got.extra)
        break
      case frames.drained:
        this.#isSourceDrained = true
        break
      case frames.done:
        if (!this.#hasSwitched) {
          this.#writer.flush()
          break
        }
        this.#expected = got.first
        this.#source.send(frame(frames.settled))
        this.#completeIfWhole()
        break
      default:
        throw new Failure('scatter-frame', 'The source sent something out of turn.', { evidence: `frame ${got.type}` })
    }
    this.#writer.flush()
    this.#taken()
  }

  /** Gives QEMU those of a run of pages that it has not got; `data` null: filled with `byte`. */
  #deliver({ first, count }: Run, data: Buffer | null, by: 'direct' | 'depot', byte = 0): void {
    const memory = this.#memory
    if (!memory || this.#isComplete) return
    memory.check(first, count)
    const { pageSize } = memory
    if (data && data.length !== count * pageSize) throw new Failure('scatter-frame', 'A run of pages has the wrong length.')
    if (data) this.#pacer.spend(data.length)
    let isOpen = false
    for (let i = 0; i < count; i++) {
      const page = first + i
      if (!this.#delivered.add(page)) continue
      if (!isOpen) this.#writer.openSection(memory.section)
      isOpen = true
      const { block, offset } = memory.placeOf(page)
      if (data) this.#writer.page(block, offset, data.subarray(i * pageSize, (i + 1) * pageSize))
      else this.#writer.zero(block, offset, byte)
      if (this.#waiting.delete(page)) this.#counts[by] += 1
    }
    if (isOpen) this.#writer.closeSection(memory.section)
    this.#completeIfWhole()
  }

  /** Whether the guest has waited for nothing for a while. */
  #isCalm(): boolean {
    const calmIn = this.#askedAt + calmAfterMs - performance.now()
    if (calmIn > 0 && !this.#calming) {
      this.#calming = setTimeout(() => {
        this.#calming = null
        this.#taken()
      }, calmIn)
    }
    return calmIn <= 0 && this.#waiting.size === 0
  }

  #fromQemu(message: ReturnMessage): void {
    if (!this.#hasSwitched || message.kind !== 'request') return this.#source.send(frame(frames.back, { payload: message.bytes }))
    const range = this.#memory?.rangeOf(message.block, message.start, message.length)
    if (!range) throw new Failure('stream-malformed', 'QEMU asks for memory that is not there.', { evidence: `${message.block} + ${message.start}` })
    this.#askedAt = performance.now()
    for (let page = range.first; page < range.first + range.count; page++) {
      if (this.#delivered.has(page) || this.#waiting.has(page)) continue
      this.#waiting.set(page, 'direct')
      if (this.#fetcher.has(page)) this.#fetcher.getNow(page)
      else this.#source.send(frame(frames.ask, { first: page, count: 1 }))
    }
  }

  get #hasRoom(): boolean {
    return this.#qemu.writableLength <= mostUntaken && !this.#pacer.isSpent
  }

  /** As far as QEMU has taken what came, the source may send more, and more is asked of the depots. */
  #taken(): void {
    if (this.#qemu.writableLength > mostUntaken) return
    // What the guest waits for may use up the rate for long: device state and pages of zeros, which cost next to nothing, would hold the source up, and with it pages that the guest waits for.
    const untold = this.#untold + (this.#pacer.isSpent ? 0 : this.#untoldPages)
    // What the guest waits for from the source comes behind what is under way from there, so that is never held back for long.
    if (untold > 0 && (this.#isCalm() || untold > mostUntold || [...this.#waiting.values()].includes('direct'))) {
      this.#source.send(frame(frames.taken, { first: untold }))
      this.#untoldPages -= untold - this.#untold
      this.#untold = 0
    }
    this.#fetcher.ask()
  }

  #completeIfWhole(): void {
    if (this.#expected === null || this.#isComplete || this.#delivered.count < this.#expected || !this.#memory) return
    this.#isComplete = true
    this.#writer.openSection(this.#memory.section, true)
    this.#writer.closeSection(this.#memory.section)
    this.#writer.eof()
    this.#writer.flush()
  }

  #qemuEnded(): void {
    if (this.#hasEnded) return
    if (this.#hasSwitched && !this.#isComplete) return this.fail(new Failure('relay-broken', 'The destination’s QEMU hung up before it had all memory.'))
    this.#tell()
    this.#source.send(frame(frames.over))
    this.#finish(null)
  }

  /** What the destination has need of may be with the source's agent alone. One that ended its link itself is dead or has given up, and does not come again. */
  #sourceClosed(why: string | null, mayReturn: boolean): void {
    if (this.#hasEnded || this.#expected !== null) return
    const { waitsForSource } = this.#options
    if (!waitsForSource || !this.#hasSwitched || !mayReturn || (why === null && !this.#isSourceDrained)) return this.#sourceLost(why)
    this.#options.log('warning', `scatter: the source is away: ${why ?? 'it hung up'}`)
    this.#waitingForSource = setTimeout(() => this.#sourceLost(why), this.#isSourceDrained && why !== null ? waitsForSource.drainedMs : waitsForSource.usualMs)
  }

  #sourceLost(why: string | null): void {
    this.fail(new Failure('relay-broken', 'The source’s agent is gone before all memory had left there.', { evidence: why ?? 'it hung up' }))
  }

  #tell(): void {
    if (!this.#source.isOpen) return
    const counts: GatherCounts = { ...this.#counts, ...this.#fetcher.counts, delivered: this.#delivered.count, waiting: this.#waiting.size }
    this.#source.send(frame(frames.counts, { payload: Buffer.from(JSON.stringify(counts)) }))
  }
}
