import type { Duplex } from 'node:stream'
import { Emitter } from '../../base/event.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import { readSlabs } from '../slabs/read-slabs.ts'
import type { Slab } from '../slabs/slab.ts'
import { commands } from '../stream/format.ts'
import { StreamReader } from '../stream/stream-reader.ts'
import type { RamBlock, StreamRecord, StreamSink } from '../stream/stream-record.ts'
import { DataWriter } from './data.ts'
import { failureOf, frameHead, frameOf, frames, headBytes, jsonFrame, refusalOf } from './frame.ts'
import { fingerprintOf } from './fingerprint.ts'
import { hashOf, pageBytes } from './page-hash.ts'
import { noPages, type PageCounts } from './page-counts.ts'
import type { PageSender } from './page-sender.ts'

/** A page that was referred to, kept until the destination has told that it has it. */
interface Held {
  /** Bytes of the stream up to and with it. */
  readonly end: number
  readonly page: Buffer
}

/** From so much of the memory on a first pass is nearly done. */
const nearlyDone = 0.99
/** Frames stay well below what the other end takes. */
const longestChunk = 1024 * 1024

/** Of what one read brings: between two of them a VM that stands still can go first. */
const mostAtOnce = 128 * 1024

/** One VM's stream on its way from the source's QEMU into a page channel. */
export class SenderStream implements StreamSink {
  readonly number: number
  /** The VM's number in the gang. */
  readonly vm: number
  readonly counts: PageCounts = noPages()
  readonly #sender: PageSender
  readonly #reader = new StreamReader(this)
  readonly #data: DataWriter
  readonly #progress = new Emitter<number>()
  #held: Held[] = []
  /** Memory that the stream's bytes were read into, with how far the stream had come when it was last read from: it is held until the destination has these bytes. */
  readonly #slabs: { slab: Slab; end: number }[] = []
  /** Number of the first of `#held`. */
  #heldFrom = 0
  /** Bytes of the stream that were sent, and of these the ones that the destination's QEMU has taken. */
  #sent = 0
  #acked = 0
  #qemu: Duplex | null = null
  #isHeld = false
  #memoryBytes = 0
  #passed = 0
  #hasEnded = false
  /** The destination's QEMU has. */
  #isHungUp = false
  #failure: Failure | null = null
  #settleOpened: { resolve: () => void; reject: (failure: Failure) => void } = { resolve: () => {}, reject: () => {} }
  #settle: (failure: Failure | null) => void = () => {}
  /** When QEMU last sent something, or was last given leave to. */
  #heardAt = 0
  /** When the VM stood still, on the process's clock in milliseconds. */
  urgentSince = Number.POSITIVE_INFINITY

  readonly opened: Promise<void>
  /** Resolves once, with why it failed, or null after both QEMUs have hung up in order. */
  readonly ended: Promise<Failure | null>
  /** How much of the memory has gone by in the first pass, 0 to 1; fires with every chunk until it nears its end ({@link isNearEnd}). */
  readonly onDidProgress = this.#progress.event

  constructor(number: number, vm: number, sender: PageSender) {
    this.number = number
    this.vm = vm
    this.#sender = sender
    this.#data = new DataWriter(number)
    this.opened = new Promise((resolve, reject) => (this.#settleOpened = { resolve, reject }))
    this.opened.catch(() => {})
    this.ended = new Promise((resolve) => (this.#settle = resolve))
  }

  /** The VM stands still at the source: its last pages and its device state are under way. */
  get isUrgent(): boolean {
    return this.urgentSince !== Number.POSITIVE_INFINITY && !this.#hasEnded
  }

  /** Milliseconds for which QEMU has sent nothing although it may. */
  get silentMs(): number {
    return this.#qemu && !this.#qemu.isPaused() ? performance.now() - this.#heardAt : 0
  }

  /** As much is under way as the destination allows. */
  get isFull(): boolean {
    return this.#sent - this.#acked >= this.#sender.window
  }

  /** Nearly all of the memory has gone by once: the VM could switch soon. */
  get isNearEnd(): boolean {
    return this.#memoryBytes > 0 && this.#passed >= this.#memoryBytes * nearlyDone
  }

  /** Bytes that came from QEMU, and bytes that the destination's QEMU has taken. */
  get bytes(): { readonly fromQemu: number; readonly toQemu: number } {
    return { fromQemu: this.#sent, toQemu: this.#acked }
  }

  /** The destination need not look any longer for what its own VMs hold. */
  enough(): void {
    this.#sender.enough()
  }

  /** Takes over the connection of the source's QEMU. */
  attach(qemu: Duplex): void {
    this.#qemu = qemu
    qemu.pause()
    readSlabs(qemu, (chunk, slab) => this.#push(chunk, slab), mostAtOnce)
    qemu.on('end', () => this.#finish())
    qemu.on('error', (thrown) => this.fail(new Failure('relay-source', 'The source’s QEMU broke its connection.', { evidence: messageOf(thrown) })))
    qemu.on('close', () => {
      if (!this.#hasEnded) this.fail(new Failure('relay-source', 'The source’s QEMU ended its stream too early.'))
    })
    if (this.#failure) qemu.destroy()
    else this.#sender.regate()
  }

  /** Nothing more is read from QEMU until {@link release}: the VM runs on, and cannot switch. */
  hold(): void {
    this.#isHeld = true
    this.#sender.regate()
  }

  release(): void {
    this.#isHeld = false
    this.#sender.regate()
  }

  /** For the channel: whether QEMU may be read from as far as the others go. */
  gate(isBlocked: boolean): void {
    if (!this.#qemu || this.#hasEnded || this.#isHungUp) return
    const mustWait = isBlocked || this.#isHeld || this.isFull
    if (mustWait === this.#qemu.isPaused()) return
    if (mustWait) return void this.#qemu.pause()
    this.#heardAt = performance.now()
    this.#qemu.resume()
  }

  /** Gives the stream up at both ends; the source's QEMU finds its connection broken, and its VM runs on. */
  fail(failure: Failure): void {
    if (this.#failure) return
    this.#sender.write([jsonFrame(frames.abort, this.number, refusalOf(failure))], 0)
    this.#close(failure)
  }

  take(kind: number, body: Buffer): void {
    switch (kind) {
      case frames.opened:
        return this.#settleOpened.resolve()
      case frames.refused:
      case frames.abort:
        return this.#close(failureOf(body))
      case frames.back:
        if (this.#qemu?.writable) this.#qemu.write(body)
        return
      case frames.backEnd:
        return this.#hungUp()
      case frames.ack:
        return this.#acknowledged(body.readUInt32BE(0))
      case frames.need:
        return this.#fill(body.readUInt32BE(0))
    }
  }

  record(record: StreamRecord, bytes: Buffer): void {
    this.#raw(bytes)
    if (record.kind === 'command' && record.command === commands.advise) throw postcopyRefused()
    if (record.kind === 'ram-size') this.#memoryBytes = record.total
    if (record.kind === 'ram-end' && this.urgentSince === Number.POSITIVE_INFINITY) this.urgentSince = performance.now()
  }

  page(_block: RamBlock, _offset: number, page: Buffer, word: Buffer): void {
    this.#raw(word)
    this.#passed += page.length
    if (page.length !== pageBytes) {
      this.counts.unique += page.length / pageBytes
      return this.#raw(page)
    }
    this.#sent += pageBytes
    const fingerprint = fingerprintOf(page)
    const { table, residents } = this.#sender
    const slot = table.find(fingerprint)
    if (slot >= 0) {
      if (table.mark(slot, this.vm)) this.counts.inVm += 1
      else this.counts.acrossVms += 1
      return this.#refer('known', slot, hashOf(page), page)
    }
    const resident = residents.find(fingerprint)
    if (resident >= 0) {
      if (residents.mark(resident, this.vm)) this.counts.inVm += 1
      else this.counts.alreadyThere += 1
      return this.#refer('known', table.capacity + resident, hashOf(page), page)
    }
    const hash = this.#sender.fetch(fingerprint, page)
    const added = table.add(fingerprint, hash === null)
    table.mark(added, this.vm)
    if (hash !== null) {
      this.counts.alreadyThere += 1
      this.counts.rackBytes += pageBytes
      return this.#refer('coming', added, hash, page)
    }
    this.counts.unique += 1
    this.#data.fresh(added, page)
  }

  zero(_block: RamBlock, _offset: number, _fill: number, bytes: Buffer): void {
    this.counts.zero += 1
    this.#passed += this.#reader.pageSize
    this.#raw(bytes)
  }

  #raw(bytes: Buffer): void {
    this.#sent += bytes.length
    this.#data.raw(bytes)
    if (this.#data.isFull) this.#flush()
  }

  #refer(kind: 'known' | 'coming', slot: number, hash: string, page: Buffer): void {
    this.#data.refer(kind, slot, hash)
    this.#held.push({ end: this.#sent, page })
  }

  #push(chunk: Buffer, slab: Slab): void {
    if (this.#hasEnded || this.#failure) return
    if (this.#isHungUp) return this.fail(hungUpEarly())
    const before = this.isNearEnd
    this.#heardAt = performance.now()
    try {
      for (let at = 0; at < chunk.length; at += longestChunk) {
        this.#reader.push(chunk.subarray(at, at + longestChunk))
        this.#flush()
      }
    } catch (thrown) {
      return this.fail(thrown instanceof Failure ? thrown : new Failure('relay-broken', 'The stream could not be relayed.', { evidence: messageOf(thrown) }))
    }
    this.#keep(slab)
    if (!before && this.#memoryBytes > 0) this.#progress.fire(Math.min(1, this.#passed / this.#memoryBytes))
  }

  #keep(slab: Slab): void {
    const last = this.#slabs.at(-1)
    if (last?.slab === slab) last.end = this.#sent
    else {
      slab.hold()
      this.#slabs.push({ slab, end: this.#sent })
    }
  }

  #flush(): void {
    if (this.#data.isEmpty) return
    const { pieces, bytes } = this.#data.take()
    this.counts.coreBytes += bytes
    this.#sender.write(pieces, bytes)
  }

  #finish(): void {
    if (this.#hasEnded || this.#failure) return
    try {
      this.#reader.end()
    } catch (thrown) {
      return this.fail(thrown instanceof Failure ? thrown : new Failure('relay-broken', 'The stream could not be relayed.', { evidence: messageOf(thrown) }))
    }
    this.#hasEnded = true
    if (this.#isHungUp) return this.#close(null)
    this.#sender.write([frameOf(frames.end, this.number)], headBytes)
  }

  /** The destination's QEMU has hung up. When it has taken all there was to the device state's end, this one only has to do the same; if it still has something to send, it was too early. */
  #hungUp(): void {
    if (this.#hasEnded) return this.#close(null)
    if (!this.isUrgent || this.#acked < this.#sent) return this.fail(hungUpEarly())
    this.#isHungUp = true
    this.#qemu?.end()
    this.#qemu?.resume()
  }

  #acknowledged(bytes: number): void {
    this.#acked += bytes
    let count = 0
    while (count < this.#held.length && (this.#held[count] as Held).end <= this.#acked) count += 1
    if (count > 0) {
      this.#held.splice(0, count)
      this.#heldFrom += count
    }
    while (this.#slabs.length > 0 && (this.#slabs[0] as { end: number }).end <= this.#acked) this.#slabs.shift()?.slab.release()
    this.#sender.regate()
  }

  #fill(number: number): void {
    const held = this.#held[number - this.#heldFrom]
    if (!held) return this.fail(new Failure('pages-unknown', 'The destination asks for a page that it has said it had.', { evidence: `reference ${number}` }))
    const head = frameHead(frames.fill, this.number, 4 + held.page.length, 4)
    head.writeUInt32BE(number, headBytes)
    this.counts.filled += 1
    this.counts.coreBytes += head.length + held.page.length
    this.#sender.write([head, held.page], head.length + held.page.length)
  }

  #close(failure: Failure | null): void {
    if (this.#failure) return
    this.#failure = failure ?? new Failure('pages-ended', 'The stream has ended.')
    this.#hasEnded = true
    this.#held = []
    if (failure) this.#qemu?.destroy()
    else this.#qemu?.end()
    this.#settleOpened.reject(this.#failure)
    this.#settle(failure)
    this.#progress.dispose()
  }
}

function hungUpEarly(): Failure {
  return new Failure('relay-destination', 'The destination’s QEMU hung up before it had all of the memory.', { next: 'Its log on the destination says why.' })
}

/** With post-copy a broken relay may leave two running copies, which a gang's shared channel makes more likely, not less. */
export function postcopyRefused(): Failure {
  return new Failure('gang-postcopy', 'A gang moves by pre-copy only.', { next: 'Move the VM by itself, or evacuate it by scatter-gather, where post-copy is needed.' })
}
