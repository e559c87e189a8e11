import type { Duplex } from 'node:stream'
import { Failure, messageOf } from '../../base/failure.ts'
import { readSlabs } from '../slabs/read-slabs.ts'
import { ownMemory, type Slab } from '../slabs/slab.ts'
import { Arrivals } from './arrivals.ts'
import { channelVersion, frameHead, frameOf, frames, headBytes, jsonFrame, parseBody, refusalOf, type ChannelWelcome, type PeerReach, type StreamOpening } from './frame.ts'
import { FrameReader } from './frame-reader.ts'
import { hashBytes, pageBytes } from './page-hash.ts'
import { PageStore } from './page-store.ts'
import { ReceiverStream } from './receiver-stream.ts'
import { ResidentPages } from './resident-pages.ts'

/** More streams than a host ever gets at once; a stranger to the rules cannot pile up connections beyond it. */
const mostStreams = 256
const mostPeers = 64
/** Pages that wait for a link inside the rack; beyond it they are not sent, and are asked for at the source. */
const rackBacklogBytes = 16 * 1024 * 1024

export interface ReceiverOptions {
  /** Slots of the store: what the source would like, as far as this host grants it. */
  readonly slots: number
  /** Further slots, for pages of VMs that run here; none by default. */
  readonly residents?: number
  /** Bytes that each stream may have under way. */
  readonly window: number
  /** Milliseconds to wait for a page from another host of the rack before the source is asked. */
  readonly patienceMs: number
  /** Connects to the QEMU that waits for a VM's memory. */
  readonly dialQemu: (opening: StreamOpening) => Promise<Duplex>
  /** Connects to another destination of the rack, for pages of this gang. */
  readonly dialPeer: (reach: PeerReach) => Promise<Duplex>
  readonly log: (level: 'info' | 'warning', text: string) => void
}

/** The destination's end of a page channel: the streams of a gang's VMs, and the pages that they share. It takes at most the store, the residents’ pages, two windows a stream and {@link rackBacklogBytes} a peer of memory. */
export class PageReceiver {
  readonly #link: Duplex
  readonly #options: ReceiverOptions
  readonly #store: PageStore
  readonly #arrivals: Arrivals
  readonly #residents: ResidentPages | null
  readonly #enough = new AbortController()
  readonly #streams = new Map<number, ReceiverStream | null>()
  readonly #peers = new Set<number>()
  readonly #ready = new Map<number, Duplex>()
  /** What the frame at hand lies in. */
  #slab: Slab = ownMemory
  #isOver = false
  #settle: (failure: Failure | null) => void = () => {}

  /** Resolves when the channel and all its streams are gone: with why it broke, or null. */
  readonly over: Promise<Failure | null>

  /** Greets the source at once; the link belongs to it. */
  constructor(link: Duplex, options: ReceiverOptions) {
    this.#link = link
    this.#options = options
    this.#store = new PageStore(options.slots)
    this.#arrivals = new Arrivals(this.#store, options.patienceMs)
    this.#residents = options.residents ? new ResidentPages(options.residents) : null
    this.over = new Promise((resolve) => (this.#settle = resolve))
    const reader = new FrameReader((kind, stream, body) => this.#take(kind, stream, body))
    readSlabs(link, (chunk, slab) => {
      try {
        this.#slab = slab
        if (!this.#isOver) reader.push(chunk)
      } catch (thrown) {
        this.#end(thrown instanceof Failure ? thrown : new Failure('pages-malformed', 'The other agent does not speak as it should.', { evidence: messageOf(thrown) }))
      }
    })
    link.on('error', () => link.destroy())
    const gone = () => this.#end(this.#streams.size === 0 ? null : new Failure('pages-lost', 'The connection between the two agents was lost.'))
    link.on('end', gone)
    link.on('close', gone)
    const welcome: ChannelWelcome = { version: channelVersion, slots: options.slots, residents: options.residents ?? 0, window: options.window }
    this.#send(jsonFrame(frames.welcome, 0, welcome))
    link.resume()
  }

  /** Bytes of pages that other hosts of the rack brought. */
  get rackBytes(): number {
    return this.#arrivals.bytes
  }

  /** Bytes of memory that the store has taken. */
  get storeBytes(): number {
    return this.#store.bytes
  }

  /** No VM's stream has begun. */
  get isIdle(): boolean {
    return [...this.#streams.values()].every((stream) => stream === null)
  }

  /** Pages that are kept of VMs that run here. */
  get residentPages(): number {
    return this.#residents?.count ?? 0
  }

  /** Aborts when no more of what VMs here hold is wanted: the source’s VMs are about to change over, or the channel is gone. */
  get enough(): AbortSignal {
    return this.#enough.signal
  }

  /** Keeps pages of a VM that runs here, and tells the source of them. False where there is no more room for any. */
  reside(memory: Buffer): boolean {
    if (this.#isOver || !this.#residents || this.#residents.isFull) return false
    const likenesses = this.#residents.add(memory)
    if (likenesses.length > 0) this.#send(frameOf(frames.resident, 0, likenesses))
    return !this.#residents.isFull
  }

  /** A page from another host of the rack, in a buffer of its own. */
  brought(page: Buffer): void {
    if (!this.#isOver) this.#arrivals.brought(page)
  }

  #take(kind: number, number: number, body: Buffer): void {
    switch (kind) {
      case frames.open: {
        if (this.#streams.size >= mostStreams || this.#streams.has(number)) throw new Failure('pages-malformed', 'The other agent opens more streams than there can be.')
        return void this.#open(number, parseBody('open', body))
      }
      case frames.peer:
        return this.#addPeer(number, parseBody('peer', body))
      case frames.forward:
        return this.#forward(body)
      case frames.enough:
        return this.#enough.abort()
    }
    const stream = this.#streams.get(number)
    // One that has just been given up here may still be spoken of by the source.
    stream?.take(kind, body)
  }

  async #open(number: number, opening: StreamOpening): Promise<void> {
    this.#streams.set(number, null)
    try {
      const qemu = await this.#options.dialQemu(opening)
      if (this.#isOver) return void qemu.destroy()
      const stream = new ReceiverStream(number, qemu, {
        store: this.#store,
        arrivals: this.#arrivals,
        copy: (slot, hash, target, at) => this.#copy(slot, hash, target, at),
        window: this.#options.window,
        slab: () => this.#slab,
        send: (frame) => this.#send(frame),
      })
      this.#streams.set(number, stream)
      void stream.over.then(() => this.#streams.delete(number))
      this.#send(jsonFrame(frames.opened, number, {}))
    } catch (thrown) {
      this.#streams.delete(number)
      this.#send(jsonFrame(frames.refused, number, refusalOf(thrown instanceof Failure ? thrown : new Failure('relay-no-qemu', messageOf(thrown)))))
    }
  }

  #addPeer(number: number, reach: PeerReach): void {
    if (this.#peers.has(number) || this.#peers.size >= mostPeers) throw new Failure('pages-malformed', 'The other agent names more hosts than there can be.')
    this.#peers.add(number)
    this.#options.dialPeer(reach).then(
      (link) => {
        link.on('error', () => link.destroy())
        link.on('close', () => this.#ready.delete(number))
        if (this.#isOver) link.destroy()
        else this.#ready.set(number, link)
      },
      (thrown: unknown) => this.#options.log('warning', `pages: no way to another host of the rack: ${messageOf(thrown)}`),
    )
  }

  /** Sends pages on inside the rack. What is not here any more, or cannot be sent, is asked for at the source by whoever waits for it. */
  #forward(body: Buffer): void {
    const link = this.#ready.get(body.readUInt16BE(0))
    if (!link || link.destroyed || link.writableLength > rackBacklogBytes) return
    const each = 4 + hashBytes
    const count = Math.floor((body.length - 2) / each)
    const frame = Buffer.allocUnsafeSlow(headBytes + count * pageBytes)
    let at = headBytes
    for (let i = 0; i < count; i++) {
      const from = 2 + i * each
      if (this.#copy(body.readUInt32BE(from), body.toString('latin1', from + 4, from + each), frame, at)) at += pageBytes
    }
    if (at === headBytes) return
    frameHead(frames.rackPages, 0, at - headBytes).copy(frame)
    link.write(frame.subarray(0, at))
  }

  #copy(slot: number, hash: string, target: Buffer, at: number): boolean {
    if (slot < this.#store.capacity) return this.#store.copy(slot, hash, target, at)
    return this.#residents !== null && this.#residents.copy(slot - this.#store.capacity, hash, target, at)
  }

  #send(frame: Buffer): void {
    if (!this.#isOver && !this.#link.destroyed && this.#link.writable) this.#link.write(frame)
  }

  #end(failure: Failure | null): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const stream of this.#streams.values()) stream?.destroy()
    this.#arrivals.dispose()
    this.#enough.abort()
    for (const link of this.#ready.values()) link.end()
    this.#link.destroy()
    this.#settle(failure)
  }
}

/** Reads what another host of the rack brings. Throws `pages-malformed`. */
export function readRackPages(take: (page: Buffer) => void): (chunk: Buffer) => void {
  const reader = new FrameReader((kind, _, body) => {
    if (kind !== frames.rackPages || body.length % pageBytes !== 0) throw new Failure('pages-malformed', 'Another host of the rack sent something else than pages.')
    // Copies: a page may be kept for long, and must not hold on to its neighbours.
    for (let at = 0; at < body.length; at += pageBytes) take(Buffer.from(body.subarray(at, at + pageBytes)))
  })
  return (chunk) => reader.push(chunk)
}
