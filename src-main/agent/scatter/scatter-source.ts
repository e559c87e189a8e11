import type { Duplex } from 'node:stream'
import { Failure, messageOf } from '../../base/failure.ts'
import { commands } from '../stream/format.ts'
import { requestMessage, shutMessage } from '../stream/return-path.ts'
import { StreamReader } from '../stream/stream-reader.ts'
import type { RamBlock, StreamRecord, StreamSink } from '../stream/stream-record.ts'
import type { SocketHolder } from '../relay/socket-holder.ts'
import { DepotPuts, type Put } from './depot-puts.ts'
import { frame, frames, headerLength, writeHeader, type Frame } from './frame.ts'
import { FrameLink } from './frame-link.ts'
import { GuestMemory } from './guest-memory.ts'
import { gatherCounts, noCounts, type GatherCounts } from './gather-counts.ts'
import { longestRun, PageRun } from './page-run.ts'
import { sealLength, type Sealer } from './seal.ts'

/** Bytes on the way to the destination that its QEMU has not taken. Small: what the guest waits for queues behind them. */
const directWindow = 512 * 1024
/** Bytes of put pages that are not acknowledged. Beyond it QEMU is not read, and blocks. */
const mostHeld = 48 * 1024 * 1024

/** What is known of a page at the source: not sent by QEMU yet, sent and held here until the depots have it, or gone. */
const unseen = 0
const held = 1
const gone = 2

type Holder = Pick<SocketHolder, 'release'>

export interface ScatterSourceOptions {
  readonly depots: readonly { readonly name: string; readonly link: Duplex }[]
  /** Of each page, on different depots. */
  readonly replicas: number
  readonly sealer: Sealer
  /** Gives QEMU's connection a second holder, for the time between its end of stream and SHUT. */
  readonly hold?: (qemu: Duplex) => Promise<Holder>
  /** Whether QEMU, whose stream is not read now, is far from its end, so that its connection may be broken. Default: it is. */
  readonly isMidway?: () => Promise<boolean>
  readonly log: (level: 'info' | 'warning', text: string) => void
}

/** How the source stands. `setup`: before the switch, when all can be taken back. `drained`: QEMU has sent all and was told so. `settled`: nothing is here alone. */
export type SourceStage = 'setup' | 'scattering' | 'drained' | 'settled' | 'over'

/**
 * The source's end of one VM in a scatter-gather move: takes QEMU's post-copy at line speed, sends the destination as much as it takes, and puts the rest with the depots.
 * Answers QEMU's end of stream at once. Holds at most {@link mostHeld} bytes of pages and a window for the destination.
 */
export class ScatterSource implements StreamSink {
  readonly #options: ScatterSourceOptions
  readonly #gather: FrameLink
  readonly #depots: DepotPuts[] = []
  readonly #reader = new StreamReader(this)
  /** By their first page. */
  readonly #held = new Map<number, Put>()
  readonly #wanted = new Set<number>()
  #qemu: Duplex | null = null
  #stage: SourceStage = 'setup'
  #memory: GuestMemory | null = null
  #blocks: RamBlock[] = []
  #pageState = new Uint8Array(0)
  #run: PageRun | null = null
  #fill: { first: number; count: number; byte: number } | null = null
  #raw: Buffer[] = []
  #isIdling = false
  /** A pre-copy has come to its end, without a switch. */
  #isTail = false
  #holder: Promise<Holder | null> = Promise.resolve(null)
  #directBytes = 0
  #heldBytes = 0
  #pages = 0
  #isDone = false
  #failure: Failure | null = null
  #settled: { resolve: () => void; reject: (reason: Error) => void } | null = null
  #end: (failure: Failure | null) => void = () => {}
  /** Cumulative. */
  readonly sent = { direct: 0, sealed: 0, filled: 0, fromQemu: 0, core: 0 }
  freeAt: number | null = null
  /** What the destination counts. */
  counts: GatherCounts = noCounts

  /** Resolves when the source is needed no longer: every page is with the destination or its depots, acknowledged. */
  readonly settled: Promise<void>
  /** Resolves once: null when the destination has everything and QEMU here has hung up. Never rejects. */
  readonly ended: Promise<Failure | null>

  constructor(gather: Duplex, options: ScatterSourceOptions) {
    this.#options = options
    this.settled = new Promise((resolve, reject) => (this.#settled = { resolve, reject }))
    this.settled.catch(() => {})
    this.ended = new Promise((resolve) => (this.#end = resolve))
    this.#gather = new FrameLink(gather, (got) => this.#fromGather(got))
    void this.#gather.closed.then((why) => this.#gatherClosed(why))
    options.depots.forEach(({ name, link }, index) => {
      this.#depots.push(
        new DepotPuts(name, 1 << index, link, {
          answered: (first, bit, isStored) => this.#answered(first, bit, isStored),
          lost: (depot, why) => this.#depotLost(depot, why),
        }),
      )
    })
  }

  get stage(): SourceStage {
    return this.#stage
  }

  get depots(): readonly DepotPuts[] {
    return this.#depots
  }

  /** Pages the guest waits for that QEMU has not sent yet. */
  get waiting(): number {
    return this.#wanted.size
  }

  get memory(): GuestMemory | null {
    return this.#memory
  }

  /** Bytes that are held until depots have acknowledged them. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Takes QEMU's connection. */
  take(qemu: Duplex): void {
    if (this.#failure) return void qemu.destroy()
    this.#qemu = qemu
    qemu.on('data', (chunk: Buffer) => this.#fromQemu(chunk))
    qemu.once('end', () => this.#qemuEnded())
    qemu.once('error', (thrown) => this.fail(new Failure('relay-broken', 'QEMU broke its connection to the agent.', { evidence: thrown.message })))
    qemu.once('close', () => this.#qemuEnded())
    qemu.resume()
  }

  /** Breaks everything. Before the switch the VM runs on at the source; in the midst of it both QEMUs pause, and the post-copy can be resumed without the agents. */
  fail(failure: Failure): void {
    if (this.#failure || this.#stage === 'over') return
    // QEMU is done and was told so: it is only waiting to be ended.
    if (this.#stage === 'settled' && failure.code === 'relay-broken') return
    const stage = this.#stage
    this.#failure = failure
    this.#stage = 'over'
    this.#settled?.reject(failure)
    this.#gather.destroy(failure.message)
    for (const depot of this.#depots) depot.destroy(failure.message)
    // SHUT must reach QEMU, which then hangs up by itself.
    if (stage === 'scattering' && this.#qemu) void this.#breakOff(this.#qemu)
    else if (stage === 'setup') this.#qemu?.destroy()
    this.#end(failure)
  }

  /** In the midst of the memory a break lets the post-copy be resumed. Should QEMU be at its end already, a break would have it run its guest again: then it is told that all is well, and stops for good. */
  async #breakOff(qemu: Duplex): Promise<void> {
    qemu.pause()
    qemu.removeAllListeners('data')
    const { isMidway } = this.#options
    const mayBreak = isMidway ? await isMidway() : true
    if (!mayBreak) {
      this.#options.log('warning', 'scatter: QEMU is at the end of its memory and is told so, since a break would have it run on here')
      qemu.write(shutMessage())
      return void qemu.resume()
    }
    this.#release()
    qemu.destroy()
  }

  #fromQemu(chunk: Buffer): void {
    this.sent.fromQemu += chunk.length
    try {
      this.#reader.push(chunk)
    } catch (thrown) {
      return this.fail(thrown instanceof Failure ? thrown : new Failure('relay-broken', messageOf(thrown)))
    }
    this.#flushRaw()
    this.#brake()
    // A run that is not full goes on with what comes next, if that is there already.
    if ((this.#run || this.#fill) && !this.#isIdling) {
      this.#isIdling = true
      setImmediate(() => {
        this.#isIdling = false
        this.#flush()
      })
    }
  }

  record(record: StreamRecord, bytes: Buffer): void {
    switch (record.kind) {
      case 'ram-block':
        if (!this.#reader.isAdvised) throw new Failure('scatter-precopy', 'This stream cannot switch to post-copy, so it cannot be scattered.')
        if (record.block.hostPageSize !== null) throw new Failure('stream-unsupported', 'Memory in huge pages cannot be scattered.', { evidence: record.block.name })
        this.#blocks.push(record.block)
        break
      case 'packaged':
        this.#raw.push(bytes)
        if (record.isLast) this.#switch()
        return
      case 'command':
        if (this.#stage === 'setup') break
        // Discards belong before the switch; nothing else is known to follow it.
        if (record.command !== commands.ping) throw new Failure('stream-unsupported', 'A command follows the switch that Drover does not carry.', { evidence: `command ${record.command}` })
        this.#raw.push(bytes)
        return
      case 'tail':
        this.#isTail = true
        break
      case 'eof':
        return this.#drained()
    }
    if (this.#stage === 'setup') this.#raw.push(bytes)
  }

  page(block: RamBlock, offset: number, data: Buffer, word: Buffer): void {
    if (!this.#memory) return void this.#raw.push(word, data)
    const page = this.#memory.numberOf(block, offset)
    if (!this.#isNew(page)) return
    if (this.#wanted.delete(page)) {
      this.#flush()
      const run = new PageRun(page, this.#memory.pageSize)
      run.add(data)
      this.#sendDirect(run.unsealed(), page, 1)
      return
    }
    this.#flushFill()
    if (this.#run && (this.#run.first + this.#run.count !== page || this.#run.count === longestRun || !this.#memory.continues(page))) this.#flushRun()
    this.#run ??= new PageRun(page, this.#memory.pageSize)
    this.#run.add(data)
  }

  zero(block: RamBlock, offset: number, fill: number, bytes: Buffer): void {
    if (!this.#memory) return void this.#raw.push(bytes)
    const page = this.#memory.numberOf(block, offset)
    if (!this.#isNew(page)) return
    const isWanted = this.#wanted.delete(page)
    this.#flushRun()
    const last = this.#fill
    // Bounded, so that one small frame does not become a flood at the far end.
    if (last && last.byte === fill && last.first + last.count === page && last.count < 1024 && this.#memory.continues(page)) last.count += 1
    else {
      this.#flushFill()
      this.#fill = { first: page, count: 1, byte: fill }
    }
    if (isWanted) this.#flushFill()
  }

  /** QEMU sends a page but once after the switch; were it otherwise, the first counts, for the guest may have written to it since. */
  #isNew(page: number): boolean {
    if (this.#pageState[page] !== unseen) return false
    this.#pageState[page] = gone
    this.#pages += 1
    return true
  }

  #switch(): void {
    this.#memory = new GuestMemory(this.#reader.ramSection as number, this.#reader.pageSize, this.#blocks)
    this.#pageState = new Uint8Array(this.#memory.pages)
    this.#flushRaw()
    const map = frame(frames.map, { payload: this.#memory.toMessage() })
    this.#gather.send(map)
    for (const depot of this.#depots) depot.send(map)
    this.#gather.send(frame(frames.switched))
    this.#stage = 'scattering'
    if (this.#qemu && this.#options.hold) {
      this.#holder = this.#options.hold(this.#qemu).catch((thrown: unknown) => {
        this.#options.log('warning', `scatter: ${messageOf(thrown)}`)
        return null
      })
    }
  }

  #flushRaw(): void {
    if (this.#raw.length === 0) return
    const bytes = Buffer.concat(this.#raw)
    this.#raw = []
    this.#flush()
    for (let at = 0; at < bytes.length; at += directWindow) {
      const payload = bytes.subarray(at, at + directWindow)
      this.#spendDirect(payload.length)
      this.sent.core += payload.length
      this.#gather.send(frame(frames.raw, { payload }))
    }
  }

  #flush(): void {
    this.#flushRun()
    this.#flushFill()
  }

  #flushFill(): void {
    const fill = this.#fill
    if (!fill) return
    this.#fill = null
    this.sent.filled += fill.count
    this.#spendDirect(fill.count * 9)
    this.sent.core += headerLength
    this.#gather.send(frame(frames.fill, { first: fill.first, count: fill.count, extra: fill.byte }))
  }

  #flushRun(): void {
    const run = this.#run
    if (!run || !this.#memory) return
    this.#run = null
    const chosen = this.#directBytes + run.count * this.#memory.pageSize <= directWindow ? [] : this.#choose()
    if (chosen.length === 0) return this.#sendDirect(run.unsealed(), run.first, run.count)
    const bytes = writeHeader(run.sealed((page, data, into, at) => this.#options.sealer.seal(page, data, into, at)), frames.sealed, run.first, run.count)
    const put: Put = { first: run.first, count: run.count, bytes, stored: 0, waiting: 0, via: 0 }
    this.#pageState.fill(held, put.first, put.first + put.count)
    this.#held.set(put.first, put)
    this.#heldBytes += bytes.length
    this.sent.sealed += put.count
    this.#put(put, chosen)
  }

  /** To the first of the depots, which passes it on to the others. */
  #put(put: Put, depots: readonly DepotPuts[]): void {
    const [via, ...others] = depots
    if (!via) return
    for (const depot of depots) depot.expect(put)
    put.via = via.bit
    this.sent.core += put.bytes.length
    put.bytes[1] = others.reduce((mask, { bit }) => mask | bit, 0)
    via.send(put.bytes)
  }

  /** The least busy of those that take more, as many as there are to be replicas. */
  #choose(): DepotPuts[] {
    return this.#depots
      .filter((depot) => depot.takesMore)
      .sort((a, b) => a.load - b.load || a.pages - b.pages)
      .slice(0, this.#options.replicas)
  }

  /** `bytes`: room for the header, then the pages. */
  #sendDirect(bytes: Buffer, first: number, count: number): void {
    this.sent.direct += count
    this.sent.core += bytes.length
    this.#spendDirect(bytes.length - headerLength)
    this.#gather.send(writeHeader(bytes, frames.direct, first, count))
  }

  #spendDirect(bytes: number): void {
    this.#directBytes += bytes
  }

  /** QEMU is read only as long as there is room for what it sends. */
  #brake(): void {
    const qemu = this.#qemu
    if (!qemu) return
    // Without depots, and before the switch, all goes to the destination.
    const isFull = this.#heldBytes > mostHeld || this.#directBytes > directWindow * 2
    if (isFull && !qemu.isPaused()) qemu.pause()
    else if (!isFull && qemu.isPaused()) qemu.resume()
  }

  #answered(first: number, bit: number, isStored: boolean): void {
    const put = this.#held.get(first)
    const depot = this.#depots.find((one) => one.bit === bit)
    if (!put || !depot || (put.waiting & bit) === 0) return
    if (!isStored) depot.fill()
    depot.answered(put, isStored)
    if (put.waiting === 0) this.#settle(put)
    this.#brake()
  }

  /** All that were to store it have answered; what is missing is made up for where it can be. */
  #settle(put: Put): void {
    const copies = bitsOf(put.stored)
    if (copies < this.#options.replicas) {
      const another = this.#depots.find((depot) => depot.takesMore && (put.stored & depot.bit) === 0)
      if (another) {
        // The former frame may still be on its way out, with another mark.
        const again = { ...put, bytes: Buffer.from(put.bytes) }
        this.#held.set(put.first, again)
        return this.#put(again, [another])
      }
    }
    this.#held.delete(put.first)
    this.#heldBytes -= put.bytes.length
    this.#pageState.fill(gone, put.first, put.first + put.count)
    if (copies > 0) this.#gather.send(frame(frames.placed, { first: put.first, count: put.count, extra: put.stored }))
    else {
      // No depot takes it: the destination must, at its own pace.
      this.sent.sealed -= put.count
      this.#sendDirect(this.#unsealed(put, put.first, put.count), put.first, put.count)
    }
    this.#finishIfDone()
  }

  #unsealed(put: Put, first: number, count: number): Buffer {
    const { pageSize } = this.#memory as GuestMemory
    const bytes = Buffer.allocUnsafeSlow(headerLength + count * pageSize)
    const at = headerLength + put.count * sealLength + (first - put.first) * pageSize
    put.bytes.copy(bytes, headerLength, at, at + count * pageSize)
    return bytes
  }

  #depotLost(depot: DepotPuts, why: string): void {
    if (this.#stage === 'over' || this.#stage === 'settled') return
    if (this.#stage === 'setup') return this.fail(new Failure('scatter-depot', `The agent on ${depot.name}, which was to keep memory, is gone.`, { evidence: why }))
    this.#options.log('warning', `scatter: depot ${depot.name} is lost: ${why}`)
    for (const put of [...this.#held.values()]) {
      if (put.waiting === 0) continue
      // What went through it may or may not have been passed on: whoever has it already says so again.
      for (const one of this.#depots) if ((put.waiting & one.bit) !== 0 && (one === depot || put.via === depot.bit)) one.answered(put, false)
      if (put.waiting === 0) this.#settle(put)
    }
    this.#brake()
  }

  #fromGather(got: Frame): void {
    switch (got.type) {
      case frames.taken:
        this.#directBytes -= got.first
        return this.#brake()
      case frames.ask:
        return this.#asked(got.first, got.count)
      case frames.back:
        // After SHUT nothing may reach QEMU.
        if (this.#stage === 'setup' || this.#stage === 'scattering') this.#qemu?.write(got.payload)
        return
      case frames.counts:
        this.counts = gatherCounts.parse(JSON.parse(got.payload.toString()))
        return this.#heedDepots()
      case frames.settled:
        this.#stage = 'settled'
        this.freeAt = Date.now()
        this.#settled?.resolve()
        for (const depot of this.#depots) depot.end()
        return
      case frames.over: {
        const failure = got.payload.length > 0 ? (JSON.parse(got.payload.toString()) as { code: string; sentence: string; evidence?: string }) : null
        if (!failure && this.#stage === 'setup' && !this.#isTail) return this.#lost(new Failure('relay-broken', 'The destination’s QEMU hung up.'))
        if (failure) return this.#lost(new Failure(failure.code, failure.sentence, failure.evidence === undefined ? {} : { evidence: failure.evidence }))
        this.#stage = 'over'
        this.#settled?.reject(new Failure('relay-closed', 'The destination has everything already.'))
        for (const depot of this.#depots) depot.end()
        this.#gather.end()
        this.#end(null)
        return
      }
      default:
        throw new Failure('scatter-frame', 'The other agent sent something out of turn.', { evidence: `frame ${got.type}` })
    }
  }

  /** The destination found a depot out: nothing more goes there. */
  #heedDepots(): void {
    for (const depot of this.#depots) if ((this.counts.distrusted & depot.bit) !== 0) depot.distrust()
  }

  /** The guest waits for pages that no depot has acknowledged: they are here, or still with QEMU. */
  #asked(first: number, count: number): void {
    const memory = this.#memory
    if (!memory) return
    memory.check(first, count)
    for (let page = first; page < first + count; page++) {
      if (this.#pageState[page] === held) {
        const put = [...this.#held.values()].find((one) => page >= one.first && page < one.first + one.count)
        if (put) this.#gather.send(writeHeader(this.#unsealed(put, page, 1), frames.direct, page, 1, 1))
      } else if (this.#run && page >= this.#run.first && page < this.#run.first + this.#run.count) this.#flush()
      else if (this.#pageState[page] === unseen && !this.#wanted.has(page)) {
        this.#wanted.add(page)
        const { block, offset } = memory.placeOf(page)
        // A request without the block's name would refer to one that QEMU may never have seen.
        if (this.#stage === 'scattering') this.#qemu?.write(requestMessage(block.name, offset, memory.pageSize))
      }
    }
  }

  /** QEMU has sent all. It is told so before anything else: were its connection to break now, it would run its guest again beside the destination's. */
  #drained(): void {
    this.#qemu?.write(shutMessage())
    this.#stage = 'drained'
    this.#isDone = true
    this.#flush()
    this.#finishIfDone()
  }

  #finishIfDone(): void {
    if (!this.#isDone || this.#held.size > 0) return
    this.#isDone = false
    this.#gather.send(frame(frames.done, { first: this.#pages }))
  }

  /** QEMU's end in order: of a pre-copy that came through without a switch, or after SHUT. */
  #qemuEnded(): void {
    this.#release()
    if (this.#stage === 'scattering') return this.fail(new Failure('relay-broken', 'QEMU broke its connection to the agent before all memory had left.'))
    if (this.#stage !== 'setup') return
    if (!this.#reader.isPostcopy) this.#gather.send(frame(frames.done, { first: 0 }))
  }

  #release(): void {
    void this.#holder.then((holder) => holder?.release())
  }

  #gatherClosed(why: string | null): void {
    if (this.#stage === 'over') return
    if (this.#stage === 'settled') {
      this.#stage = 'over'
      this.#end(new Failure('scatter-destination-lost', 'The destination’s agent went before the VM had all its memory.', { evidence: why ?? 'it hung up' }))
      return
    }
    this.#lost(new Failure('relay-broken', 'The way of the memory to the destination’s agent broke off.', { evidence: why ?? 'it hung up' }))
  }

  #lost(failure: Failure): void {
    if (this.#stage === 'over') return
    this.#options.log('warning', `scatter: ${failure.message} ${failure.evidence ?? ''}`)
    this.fail(failure)
  }
}

function bitsOf(mask: number): number {
  let bits = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) bits++
  return bits
}
