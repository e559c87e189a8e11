import type { Duplex } from 'node:stream'
import { Failure, messageOf } from '../../base/failure.ts'
import { within } from '../../base/abort.ts'
import { channelVersion, failureOf, frameHead, frameOf, frames, headBytes, jsonFrame, parseBody, type ChannelWelcome, type PeerReach, type StreamOpening } from './frame.ts'
import { FrameReader } from './frame-reader.ts'
import type { Fingerprint } from './fingerprint.ts'
import { hashBytes, hashOf } from './page-hash.ts'
import type { Pacer } from './pacer.ts'
import { ResidentTable } from './resident-table.ts'
import { SenderStream } from './sender-stream.ts'
import { SlotTable } from './slot-table.ts'

/** Beyond so many bytes that the network has not taken, QEMUs are not read from: what waits here would be downtime. */
const backlogBytes = 256 * 1024
/** References that are gathered for one forward frame. */
const forwardBatch = 64
/** Of pages that a rack should have brought, so many had to be sent after all: its hosts do not reach each other. */
const mostFills = 256

/** A VM that stands still but has sent nothing for so long is waiting for its destination: the others need not wait for it. */
const urgentPauseMs = 50

export interface SenderOptions {
  /** Milliseconds for the other agent to answer. */
  readonly answerMs: number
  /** The gang's budget; it tells who made the channel when the channel must {@link PageSender.regate}. */
  readonly pacer: Pacer
}

/**
 * The source's end of a page channel to one destination host: the streams of all VMs of a gang that go there, over one ordered connection, and the picture of what the store there holds.
 * The connection belongs to it from then on. Memory: the picture (some 45 bytes a slot), and for each stream one window and what its QEMU sent in one go.
 */
export class PageSender {
  readonly table: SlotTable
  /** What VMs at the destination hold; its slots come after the table’s. */
  readonly residents: ResidentTable
  readonly window: number
  readonly #link: Duplex
  readonly #options: SenderOptions
  readonly #streams = new Map<number, SenderStream>()
  /** Other destinations of the rack, by the numbers that this one's host knows them by. */
  readonly #peers = new Map<PageSender, number>()
  readonly #forwards = new Map<number, { slot: number; hash: string }[]>()
  #regating: NodeJS.Timeout | null = null
  #serial = 0
  #isBacklogged = false
  #isCorked = false
  #hasEnough = false
  #fills = 0
  #isOver = false
  #settle: (failure: Failure | null) => void = () => {}

  /** Resolves once, when the channel is gone: with why, or null after {@link close}. */
  readonly closed: Promise<Failure | null>

  private constructor(link: Duplex, options: SenderOptions, welcome: ChannelWelcome) {
    this.#link = link
    this.#options = options
    this.table = new SlotTable(welcome.slots)
    this.residents = new ResidentTable(welcome.residents)
    this.window = welcome.window
    this.closed = new Promise((resolve) => (this.#settle = resolve))
  }

  /** Waits for the other agent's greeting. Rejects with `pages-refused`, `pages-malformed`, `deadline`, or `pages-lost`; the link is then destroyed. */
  static async open(link: Duplex, options: SenderOptions): Promise<PageSender> {
    let sender: PageSender | null = null
    let settle: (welcome: ChannelWelcome) => void = () => {}
    let fail: (failure: Failure) => void = () => {}
    const welcomed = new Promise<ChannelWelcome>((resolve, reject) => {
      settle = resolve
      fail = reject
    })
    const end = (failure: Failure) => {
      fail(failure)
      sender?.destroy(failure)
      link.destroy()
    }
    const reader = new FrameReader((kind, stream, body) => {
      if (sender) return sender.#take(kind, stream, body)
      if (kind !== frames.welcome) throw kind === frames.refused ? failureOf(body) : new Failure('pages-malformed', 'The other agent does not speak as it should.', { evidence: `frame ${kind}` })
      const welcome = parseBody('welcome', body)
      if (welcome.version !== channelVersion) throw new Failure('pages-refused', 'The destination’s agent speaks another version.', { evidence: `version ${welcome.version}` })
      sender = new PageSender(link, options, welcome)
      settle(welcome)
    })
    link.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk)
      } catch (thrown) {
        end(thrown instanceof Failure ? thrown : new Failure('pages-malformed', 'The other agent does not speak as it should.', { evidence: messageOf(thrown) }))
      }
    })
    link.on('error', (thrown) => end(lost(messageOf(thrown))))
    link.on('end', () => end(lost('the other agent ended it')))
    link.on('close', () => end(lost('it was closed')))
    link.on('drain', () => {
      if (sender) sender.#drained()
    })
    try {
      await within(options.answerMs, 'The greeting of the destination’s agent', welcomed)
    } catch (thrown) {
      link.destroy()
      throw thrown
    }
    return sender as unknown as PageSender
  }

  get isOpen(): boolean {
    return !this.#isOver
  }

  /** Begins a VM's stream to the QEMU that listens there. `vm`: its number in the gang. Rejects with what the destination says, or `pages-lost`. */
  async openStream(vm: number, opening: StreamOpening): Promise<SenderStream> {
    if (this.#isOver) throw lost('it was closed')
    this.#serial += 1
    const stream = new SenderStream(this.#serial, vm, this)
    this.#streams.set(stream.number, stream)
    void stream.ended.then(() => {
      this.#streams.delete(stream.number)
      this.#gate()
    })
    this.#link.write(jsonFrame(frames.open, stream.number, opening))
    try {
      await within(this.#options.answerMs, 'The answer of the destination’s agent', stream.opened)
    } catch (thrown) {
      stream.fail(thrown as Failure)
      throw thrown
    }
    return stream
  }

  /** Lets this one's host bring pages to the other's: `reach` is its way there. */
  addPeer(peer: PageSender, reach: PeerReach): void {
    if (this.#isOver || this.#peers.has(peer)) return
    this.#peers.set(peer, this.#peers.size + 1)
    this.#link.write(jsonFrame(frames.peer, this.#peers.size, reach))
    peer.#holders.push(this)
  }

  /** Whose hosts may bring pages to this one's. */
  readonly #holders: PageSender[] = []

  /** Has another host of the rack bring the page, if one of them has it, and answers its name; null otherwise. */
  fetch(fingerprint: Readonly<Fingerprint>, page: Buffer): string | null {
    if (this.#fills > mostFills) return null
    for (const holder of this.#holders) {
      const slot = holder.isOpen ? holder.#findHeld(fingerprint) : -1
      if (slot < 0) continue
      const hash = hashOf(page)
      holder.#forward(this, slot, hash)
      return hash
    }
    return null
  }

  /** Where that host has such content itself, or -1. */
  #findHeld(fingerprint: Readonly<Fingerprint>): number {
    const slot = this.table.findSettled(fingerprint)
    if (slot >= 0) return slot
    const resident = this.residents.find(fingerprint)
    return resident < 0 ? -1 : this.table.capacity + resident
  }

  #forward(to: PageSender, slot: number, hash: string): void {
    const number = this.#peers.get(to) as number
    let waiting = this.#forwards.get(number)
    if (!waiting) {
      this.#forwards.set(number, (waiting = []))
      setImmediate(() => this.#sendForwards())
    }
    waiting.push({ slot, hash })
    if (waiting.length >= forwardBatch) this.#sendForwards()
  }

  #sendForwards(): void {
    for (const [number, wanted] of this.#forwards) {
      const body = 2 + wanted.length * (4 + hashBytes)
      const frame = frameHead(frames.forward, 0, body, body)
      let at = frame.writeUInt16BE(number, headBytes)
      for (const { slot, hash } of wanted) {
        at = frame.writeUInt32BE(slot, at)
        at += frame.write(hash, at, 'latin1')
      }
      if (!this.#isOver) this.#link.write(frame)
    }
    this.#forwards.clear()
  }

  /** For streams: sends pieces in a row. A slot may be given away by them, so what refers to it goes before. */
  write(pieces: readonly Buffer[], bytes: number): void {
    if (this.#isOver) return
    if (this.#forwards.size > 0) this.#sendForwards()
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#link.cork()
      // What is read from all QEMUs in one go becomes one piece of TLS: of pages that are known only their names are left.
      setImmediate(() => {
        this.#isCorked = false
        this.#link.uncork()
      })
    }
    for (const piece of pieces) this.#link.write(piece)
    this.#options.pacer.spend(bytes)
    if (this.#link.writableLength >= backlogBytes) this.#isBacklogged = true
    this.#gate()
  }

  /** The destination need not look any longer for what its own VMs hold. */
  enough(): void {
    if (this.#hasEnough || this.#isOver) return
    this.#hasEnough = true
    this.#link.write(frameOf(frames.enough, 0))
  }

  /** Something changed in whether QEMUs may be read from. */
  regate(): void {
    this.#gate()
  }

  /** Ends the channel; streams that are still open fail. */
  close(): void {
    this.#end(null)
    this.#link.end()
    const kill = setTimeout(() => this.#link.destroy(), 1000)
    this.#link.once('close', () => clearTimeout(kill))
  }

  destroy(failure: Failure): void {
    this.#end(failure)
    this.#link.destroy()
  }

  #end(failure: Failure | null): void {
    if (this.#isOver) return
    for (const stream of [...this.#streams.values()]) stream.fail(failure ?? lost('it was closed'))
    this.#isOver = true
    if (this.#regating) clearTimeout(this.#regating)
    this.#settle(failure)
  }

  #drained(): void {
    this.#isBacklogged = false
    this.#gate()
  }

  /** A VM that stands still for its switch goes first, and of several the one that did so first; the others wait for it as long as it has anything to send. */
  #gate(): void {
    if (this.#isOver) return
    const isBlocked = this.#isBacklogged || this.#options.pacer.isSpent
    let first: SenderStream | null = null
    for (const stream of this.#streams.values()) {
      if (!stream.isUrgent || stream.isFull || stream.silentMs > urgentPauseMs) continue
      if (first === null || stream.urgentSince < first.urgentSince) first = stream
    }
    first?.gate(isBlocked)
    for (const stream of this.#streams.values()) if (stream !== first) stream.gate(isBlocked || first !== null)
    if (first) {
      this.#regating ??= setTimeout(() => {
        this.#regating = null
        this.#gate()
      }, urgentPauseMs)
    }
  }

  #take(kind: number, number: number, body: Buffer): void {
    if (kind === frames.resident) return this.residents.take(body)
    if (kind === frames.need) this.#fills += 1
    this.#streams.get(number)?.take(kind, body)
  }
}

function lost(evidence: string): Failure {
  return new Failure('pages-lost', 'The connection between the two agents was lost.', { evidence, next: 'The VM runs on where it was; see that the hosts reach each other, then move it again.' })
}
