import type { Duplex } from 'node:stream'
import { Failure, messageOf } from '../../base/failure.ts'
import { commands } from '../stream/format.ts'
import { StreamReader } from '../stream/stream-reader.ts'
import type { RamBlock, StreamRecord, StreamSink } from '../stream/stream-record.ts'
import type { DepotPuts, Put } from './depot-puts.ts'
import { frame, frames, headerLength, writeHeader, type Frame } from './frame.ts'
import { GatherWay } from './gather-way.ts'
import { GuestMemory } from './guest-memory.ts'
import { gatherCounts, noCounts, type GatherCounts } from './gather-counts.ts'
import { PageRun } from './page-run.ts'
import { Placement } from './placement.ts'
import { RunMaker } from './run-maker.ts'
import { sealLength, type Sealer } from './seal.ts'
import { SourceQemu, type SourceQemuOptions } from './source-qemu.ts'

/** Bytes of put pages that are not acknowledged. Beyond it QEMU is not read, and blocks. */
const mostHeld = 48 * 1024 * 1024

/** What is known of a page at the source: not sent by QEMU yet, sent and held here until the depots have it, or gone. */
const unseen = 0
const held = 1
const gone = 2

/** For a destination whose link broke. Before the switch the VM runs on here. While QEMU has the pages, its post-copy can be resumed instead. Once it has sent all, what is here is nowhere else: giving up loses the VM. Settled, the destination does without. Milliseconds. */
const patienceMs = { setup: 0, scattering: 15_000, drained: 60 * 60_000, settled: 60_000, over: 0 } as const satisfies Record<SourceStage, number>
export interface ScatterSourceOptions extends SourceQemuOptions {
  readonly depots: readonly { readonly name: string; readonly link: Duplex }[]
  /** Of each page, on different depots. */
  readonly replicas: number
  readonly sealer: Sealer
  /** For another link to the destination, where the first broke after the switch. Rejects with what the destination says, `scatter-gathered` where it needs nothing any more. Default: a link that went does not come back. */
  readonly redial?: () => Promise<Duplex>
}

/** How the source stands. `setup`: before the switch, when all can be taken back. `drained`: QEMU has sent all and was told so. `settled`: nothing is here alone. */
export type SourceStage = 'setup' | 'scattering' | 'drained' | 'settled' | 'over'

/**
 * The source's end of one VM in a scatter-gather move: takes QEMU's post-copy at line speed, sends the destination as much as it takes, and puts the rest with the depots.
 * Answers QEMU’s end of stream at once. Holds at most {@link mostHeld} bytes of pages, a window for the destination, and some 2 MiB that it has not said to have.
 */
export class ScatterSource implements StreamSink {
  readonly #options: ScatterSourceOptions
  readonly #way: GatherWay
  readonly #placement: Placement
  readonly #reader = new StreamReader(this)
  readonly #wanted = new Set<number>()
  #qemu: SourceQemu | null = null
  #stage: SourceStage = 'setup'
  #memory: GuestMemory | null = null
  #blocks: RamBlock[] = []
  #pageState = new Uint8Array(0)
  #runs: RunMaker | null = null
  #isIdling = false
  /** A pre-copy has come to its end, without a switch. */
  #isTail = false
  #pages = 0
  #isDone = false
  #failure: Failure | null = null
  #settled: { resolve: () => void; reject: (reason: Error) => void } | null = null
  #end: (failure: Failure | null) => void = () => {}
  /** Cumulative. */
  readonly sent = { direct: 0, sealed: 0, filled: 0, fromQemu: 0 }
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
    this.#way = new GatherWay(gather, {
      ...options,
      take: (got) => this.#fromGather(got),
      patienceMs: () => patienceMs[this.#stage],
      changed: () => this.#brake(),
      gathered: () => this.#arrived(),
      lost: (why) => this.#gatherLost(why),
    })
    this.#placement = new Placement({
      ...options,
      settled: (put) => this.#placed(put),
      freed: () => this.#brake(),
      lost: (depot, why) => this.#depotLost(depot, why),
    })
  }

  get stage(): SourceStage {
    return this.#stage
  }

  get depots(): readonly DepotPuts[] {
    return this.#placement.depots
  }

  /** Pages the guest waits for that QEMU has not sent yet. */
  get waiting(): number {
    return this.#wanted.size
  }

  get memory(): GuestMemory | null {
    return this.#memory
  }

  /** Bytes that have left this host. */
  get coreBytes(): number {
    return this.#way.bytes + this.#placement.bytesSent
  }

  /** Bytes that are held until depots have acknowledged them. */
  get heldBytes(): number {
    return this.#placement.heldBytes
  }

  /** Takes QEMU's connection. */
  take(qemu: Duplex): void {
    if (this.#failure) return void qemu.destroy()
    this.#qemu = new SourceQemu(qemu, this.#options, {
      data: (chunk) => this.#fromQemu(chunk),
      ended: () => this.#qemuEnded(),
      broken: (why) => this.fail(new Failure('relay-broken', 'QEMU broke its connection to the agent.', { evidence: why })),
    })
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
    this.#way.destroy(failure.message)
    this.#placement.destroy(failure.message)
    // SHUT must reach QEMU, which then hangs up by itself.
    if (stage === 'scattering') void this.#qemu?.breakOff()
    else if (stage === 'setup') this.#qemu?.destroy()
    this.#end(failure)
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
    if (this.#runs?.isOpen && !this.#isIdling) {
      this.#isIdling = true
      setImmediate(() => {
        this.#isIdling = false
        this.#runs?.flush()
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
        this.#way.addRaw(bytes)
        if (record.isLast) this.#switch()
        return
      case 'command':
        if (this.#stage === 'setup') break
        // Discards belong before the switch; nothing else is known to follow it.
        if (record.command !== commands.ping) throw new Failure('stream-unsupported', 'A command follows the switch that Drover does not carry.', { evidence: `command ${record.command}` })
        this.#way.addRaw(bytes)
        return
      case 'tail':
        this.#isTail = true
        break
      case 'eof':
        return this.#drained()
    }
    if (this.#stage === 'setup') this.#way.addRaw(bytes)
  }

  page(block: RamBlock, offset: number, data: Buffer, word: Buffer): void {
    if (!this.#memory) return void this.#way.addRaw(word, data)
    const page = this.#memory.numberOf(block, offset)
    if (!this.#isNew(page)) return
    if (!this.#wanted.delete(page)) return this.#runs?.add(page, data)
    this.#runs?.flush()
    const run = new PageRun(page, this.#memory.pageSize)
    run.add(data)
    this.#sendDirect(run.unsealed(), page, 1)
  }

  zero(block: RamBlock, offset: number, fill: number, bytes: Buffer): void {
    if (!this.#memory) return void this.#way.addRaw(bytes)
    const page = this.#memory.numberOf(block, offset)
    if (!this.#isNew(page)) return
    this.#runs?.addFill(page, fill)
    if (this.#wanted.delete(page)) this.#runs?.flush()
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
    this.#runs = new RunMaker(this.#memory, { run: (run) => this.#route(run), fill: (...run) => this.#fill(...run) })
    this.#flushRaw()
    const map = frame(frames.map, { payload: this.#memory.toMessage() })
    this.#way.tell(map)
    this.#placement.tell(map)
    this.#way.tell(frame(frames.switched))
    this.#stage = 'scattering'
    this.#qemu?.hold()
  }

  #flushRaw(): void {
    if (!this.#way.hasRaw) return
    this.#runs?.flush()
    this.#way.flushRaw()
  }

  #fill(first: number, count: number, byte: number): void {
    this.sent.filled += count
    this.#way.fill(first, count, byte)
  }

  /** To the destination if it takes more just now, else to depots. */
  #route(run: PageRun): void {
    if (!this.#memory) return
    const chosen = this.#way.hasRoomFor(run.count * this.#memory.pageSize) ? [] : this.#placement.choose()
    if (chosen.length === 0) return this.#sendDirect(run.unsealed(), run.first, run.count)
    const bytes = writeHeader(run.sealed((page, data, into, at) => this.#options.sealer.seal(page, data, into, at)), frames.sealed, run.first, run.count)
    this.#pageState.fill(held, run.first, run.first + run.count)
    this.sent.sealed += run.count
    this.#placement.put(run.first, run.count, bytes, chosen)
  }

  /** `bytes`: room for the header, then the pages. */
  #sendDirect(bytes: Buffer, first: number, count: number): void {
    this.sent.direct += count
    this.#way.direct(bytes, first, count)
  }

  /** QEMU is read only as long as there is room for what it sends, and while its post-copy may have to be resumed not at all. */
  #brake(): void {
    if (this.#stage === 'over') return
    // Without depots, and before the switch, all goes to the destination.
    this.#qemu?.brake(this.#placement.heldBytes > mostHeld || this.#way.isFull || (this.#way.isAway && this.#stage === 'scattering'))
  }

  #placed(put: Put): void {
    this.#pageState.fill(gone, put.first, put.first + put.count)
    if (put.stored !== 0) this.#way.tell(frame(frames.placed, { first: put.first, count: put.count, extra: put.stored }))
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
  }

  #fromGather(got: Frame): void {
    switch (got.type) {
      case frames.taken:
        this.#way.taken(got.first)
        return this.#brake()
      case frames.ask:
        return this.#asked(got.first, got.count)
      case frames.back:
        // After SHUT nothing may reach QEMU.
        if (this.#stage === 'setup' || this.#stage === 'scattering') this.#qemu?.tell(got.payload)
        return
      case frames.counts:
        this.counts = gatherCounts.parse(JSON.parse(got.payload.toString()))
        return this.#heedDepots()
      case frames.settled:
        this.#stage = 'settled'
        this.#way.unwatch()
        this.freeAt = Date.now()
        this.#settled?.resolve()
        this.#placement.end()
        return
      case frames.over: {
        const failure = got.payload.length > 0 ? (JSON.parse(got.payload.toString()) as { code: string; sentence: string; evidence?: string }) : null
        if (!failure && this.#stage === 'setup' && !this.#isTail) return this.#lost(new Failure('relay-broken', 'The destination’s QEMU hung up.'))
        if (failure) return this.#lost(new Failure(failure.code, failure.sentence, failure.evidence === undefined ? {} : { evidence: failure.evidence }))
        return this.#arrived()
      }
      default:
        throw new Failure('scatter-frame', 'The other agent sent something out of turn.', { evidence: `frame ${got.type}` })
    }
  }

  #arrived(): void {
    if (this.#stage === 'over') return
    this.#stage = 'over'
    this.#settled?.reject(new Failure('relay-closed', 'The destination has everything already.'))
    this.#placement.end()
    this.#way.end()
    this.#end(null)
  }

  /** The destination found a depot out: nothing more goes there. */
  #heedDepots(): void {
    for (const depot of this.depots) if ((this.counts.distrusted & depot.bit) !== 0) depot.distrust()
  }

  /** The guest waits for pages that no depot has acknowledged: they are here, or still with QEMU. */
  #asked(first: number, count: number): void {
    const memory = this.#memory
    if (!memory) return
    memory.check(first, count)
    for (let page = first; page < first + count; page++) {
      if (this.#pageState[page] === held) {
        const put = this.#placement.find(page)
        if (put) this.#way.direct(this.#unsealed(put, page, 1), page, 1, true)
      } else if (this.#runs?.has(page)) this.#runs.flush()
      else if (this.#pageState[page] === unseen && !this.#wanted.has(page)) {
        this.#wanted.add(page)
        const { block, offset } = memory.placeOf(page)
        if (this.#stage === 'scattering') this.#qemu?.request(block.name, offset, memory.pageSize)
      }
    }
  }

  /** QEMU has sent all. It is told so before anything else: were its connection to break now, it would run its guest again beside the destination's. */
  #drained(): void {
    this.#qemu?.shut()
    this.#stage = 'drained'
    this.#way.tell(frame(frames.drained))
    this.#way.watch()
    this.#isDone = true
    this.#runs?.flush()
    this.#finishIfDone()
  }

  #finishIfDone(): void {
    if (!this.#isDone || !this.#placement.isEmpty) return
    this.#isDone = false
    this.#way.tell(frame(frames.done, { first: this.#pages }))
  }

  /** QEMU's end in order: of a pre-copy that came through without a switch, or after SHUT. */
  #qemuEnded(): void {
    this.#qemu?.release()
    if (this.#stage === 'scattering') return this.fail(new Failure('relay-broken', 'QEMU broke its connection to the agent before all memory had left.'))
    if (this.#stage !== 'setup') return
    if (!this.#reader.isPostcopy) this.#way.tell(frame(frames.done, { first: 0 }))
  }

  #gatherLost(evidence: string): void {
    if (this.#stage === 'over') return
    if (this.#stage !== 'drained' && this.#stage !== 'settled') return this.#lost(new Failure('relay-broken', 'The way of the memory to the destination’s agent broke off.', { evidence }))
    this.#lost(new Failure('scatter-destination-lost', 'The destination’s agent went before the VM had all its memory.', { evidence, next: 'What the depots hold cannot be brought there any more. Start the VM anew from its disks.' }))
  }

  #lost(failure: Failure): void {
    if (this.#stage === 'over') return
    this.#options.log('warning', `scatter: ${failure.message} ${failure.evidence ?? ''}`)
    this.fail(failure)
  }
}
