import { commandLengths, commands, ramFlags, ramSectionVersion, records, streamMagic, streamVersion, usualPageSize } from './format.ts'
import { streamFailure, type StreamCode } from './stream-failure.ts'
import type { RamBlock, StreamRecord, StreamSink } from './stream-record.ts'

/** A configuration section's machine name, a VM description: lengths beyond these are nonsense, not something to wait for. */
const longestName = 4096
const longestDescription = 64 * 1024 * 1024
const mostBlocks = 4096

/** What the next bytes are. */
type State = 'header' | 'record' | 'configured' | 'ram' | 'blocks' | 'packaged' | 'tail' | 'eof' | 'over'

/**
 * Reads a QEMU migration stream, in whatever chunks it comes, and hands it to a sink piece by piece. Pages that lie within one chunk are not copied.
 * Throws `stream-malformed` or `stream-unsupported`, with the offset, before anything of the record in question has reached the sink;
 * after that it takes nothing more.
 */
export class StreamReader {
  readonly #sink: StreamSink
  readonly #blocks: RamBlock[] = []
  readonly #byName = new Map<string, RamBlock>()
  #state: State = 'header'
  /** The start of a record that is not complete yet, in a buffer of its own with room for it. */
  #carry: Buffer = Buffer.alloc(0)
  #carried = 0
  /** How many bytes the carried record needs before it can be looked at again. */
  #need = 0
  /** Offset in the stream of the record being looked at. */
  #offset = 0
  #failure: Error | null = null
  #pageSize = usualPageSize
  #ramSection: number | null = null
  #hasEndedRam = false
  #isAdvised = false
  #isPostcopy = false
  #isIgnoringShared = false
  /** Bytes of blocks still to be listed, and the one whose extra fields may follow. */
  #unlisted = 0
  #packagedLeft = 0
  /** The block of the last page word, for CONTINUE: QEMU keeps it across sections (ram.c, last_recv_block). */
  #block: RamBlock | null = null

  constructor(sink: StreamSink) {
    this.#sink = sink
  }

  /** Bytes read so far, those of a started record included. */
  get bytesRead(): number {
    return this.#offset + this.#carried
  }

  /** Bytes of a target page, as far as the stream has said. */
  get pageSize(): number {
    return this.#pageSize
  }

  get blocks(): readonly RamBlock[] {
    return this.#blocks
  }

  /** The number of section `ram`, once it has begun. */
  get ramSection(): number | null {
    return this.#ramSection
  }

  /** Whether ADVISE has come: the source may switch to post-copy. */
  get isAdvised(): boolean {
    return this.#isAdvised
  }

  /** Whether the device state of a post-copy has passed: the source's guest stands still for good. */
  get isPostcopy(): boolean {
    return this.#isPostcopy
  }

  /** Whether the stream has come to its end, so that nothing but its close may follow. A pre-copy's does not say so. */
  get isComplete(): boolean {
    return this.#state === 'over' || this.#state === 'eof'
  }

  push(chunk: Buffer): void {
    if (this.#failure) throw this.#failure
    try {
      this.#push(chunk)
    } catch (thrown) {
      this.#failure = thrown as Error
      throw thrown
    }
  }

  /** To be called when the stream has closed. Throws `stream-cut` when that was too early. */
  end(): void {
    if (this.#failure) throw this.#failure
    if (this.isComplete || this.#state === 'tail') return
    throw (this.#failure = streamFailure('stream-cut', 'The migration stream ended before its time.', this.bytesRead, `in ${this.#state}`))
  }

  #push(chunk: Buffer): void {
    let at = 0
    while (this.#carried > 0) {
      const missing = Math.min(this.#need - this.#carried, chunk.length - at)
      chunk.copy(this.#carry, this.#carried, at, at + missing)
      at += missing
      this.#carried += missing
      if (this.#carried < this.#need) return
      const done = this.#step(this.#carry, 0, this.#carried)
      if (done < 0) this.#grow(-done)
      else {
        this.#carry = this.#carry.subarray(done)
        this.#carried -= done
        this.#offset += done
        this.#need = this.#carried
      }
    }
    while (at < chunk.length) {
      const done = this.#step(chunk, at, chunk.length)
      if (done < 0) {
        this.#carried = 0
        this.#grow(-done)
        this.#carried = chunk.copy(this.#carry, 0, at)
        return
      }
      at += done
      this.#offset += done
    }
  }

  #grow(need: number): void {
    this.#need = need
    if (this.#carry.length >= need && this.#carried > 0) return
    // Never pooled, and never used again: the sink may keep a page that was put together here. Room for any page, so that it grows but once.
    const room = Buffer.allocUnsafeSlow(Math.max(need, this.#pageSize + 8 + 256))
    this.#carry.copy(room, 0, 0, this.#carried)
    this.#carry = room
  }

  /** Looks at one record at `at`. Answers its length, or minus the number of bytes that it takes to go on, more than there are. */
  #step(bytes: Buffer, at: number, end: number): number {
    switch (this.#state) {
      case 'ram':
        return this.#word(bytes, at, end)
      case 'header':
        return this.#header(bytes, at, end)
      case 'record':
      case 'configured':
        return this.#record(bytes, at, end)
      case 'blocks':
        return this.#listBlock(bytes, at, end)
      case 'packaged': {
        const length = Math.min(this.#packagedLeft, end - at)
        const isLast = length === this.#packagedLeft
        this.#packagedLeft -= length
        if (isLast) {
          this.#state = 'record'
          this.#isPostcopy = true
        }
        return this.#tell({ kind: 'packaged', isLast }, bytes, at, length)
      }
      case 'tail':
        return this.#tell({ kind: 'tail' }, bytes, at, end - at)
      case 'eof':
        return this.#description(bytes, at, end)
      case 'over':
        throw this.#fail('stream-malformed', 'Something follows the end of the migration stream.', `0x${hex(bytes[at])}`)
    }
  }

  #header(bytes: Buffer, at: number, end: number): number {
    if (end - at < 8) return -8
    const magic = bytes.readUInt32BE(at)
    if (magic !== streamMagic) throw this.#fail('stream-malformed', 'This is no QEMU migration stream.', `magic 0x${magic.toString(16)}`)
    const version = bytes.readUInt32BE(at + 4)
    if (version !== streamVersion) throw this.#fail('stream-unsupported', 'The migration stream has a version that Drover does not know.', `version ${version}`)
    this.#state = 'record'
    return this.#tell({ kind: 'header' }, bytes, at, 8)
  }

  #record(bytes: Buffer, at: number, end: number): number {
    const lead = bytes[at] as number
    switch (lead) {
      case records.part:
      case records.end: {
        if (end - at < 5) return -5
        const section = bytes.readUInt32BE(at + 1)
        if (section !== this.#ramSection) throw this.#fail('stream-unsupported', 'The stream has a section that Drover does not carry.', `section ${section}`)
        if (this.#hasEndedRam) throw this.#fail('stream-malformed', 'Memory follows its own end.', `section ${section}`)
        this.#hasEndedRam = lead === records.end
        this.#state = 'ram'
        return this.#tell({ kind: lead === records.end ? 'ram-end' : 'ram-part', section }, bytes, at, 5)
      }
      case records.footer:
        if (end - at < 5) return -5
        if (bytes.readUInt32BE(at + 1) !== this.#ramSection) throw this.#fail('stream-malformed', 'A section ends that has not begun.', `section ${bytes.readUInt32BE(at + 1)}`)
        this.#state = 'record'
        return this.#tell({ kind: 'footer', section: bytes.readUInt32BE(at + 1) }, bytes, at, 5)
      case records.command:
        return this.#command(bytes, at, end)
      case records.start:
      case records.full:
        return this.#sectionStart(lead, bytes, at, end)
      case records.configuration: {
        if (end - at < 5) return -5
        const length = bytes.readUInt32BE(at + 1)
        if (length > longestName) throw this.#fail('stream-malformed', 'The configuration of the stream makes no sense.', `name of ${length} bytes`)
        if (end - at < 5 + length) return -(5 + length)
        this.#state = 'configured'
        return this.#tell({ kind: 'configuration', machine: bytes.toString('latin1', at + 5, at + 5 + length) }, bytes, at, 5 + length)
      }
      case records.subsection:
        if (this.#state === 'configured') return this.#subsection(bytes, at, end)
        break
      case records.eof:
        if (!this.#isPostcopy) break
        this.#state = 'eof'
        return this.#tell({ kind: 'eof' }, bytes, at, 1)
    }
    throw this.#fail('stream-malformed', 'The stream has a record that Drover does not know.', `0x${hex(lead)}`)
  }

  /** Subsections of the configuration: savevm.c, vmstate_configuration. */
  #subsection(bytes: Buffer, at: number, end: number): number {
    if (end - at < 2) return -2
    const nameLength = bytes[at + 1] as number
    const body = at + 2 + nameLength + 4
    if (end < body + 4) return -(body + 4 - at)
    const name = bytes.toString('latin1', at + 2, at + 2 + nameLength)
    if (name === 'configuration/target-page-bits') {
      this.#setPageSize(bytes.readUInt32BE(body))
      return this.#tell({ kind: 'subsection', name }, bytes, at, body + 4 - at)
    }
    if (name === 'configuration/uuid') {
      if (end < body + 16) return -(body + 16 - at)
      return this.#tell({ kind: 'subsection', name }, bytes, at, body + 16 - at)
    }
    if (name !== 'configuration/capabilities') throw this.#fail('stream-unsupported', 'The configuration of the stream has a part that Drover does not know.', name)
    const count = bytes.readUInt32BE(body)
    if (count > 256) throw this.#fail('stream-malformed', 'The configuration of the stream makes no sense.', `${count} capabilities`)
    let to = body + 4
    for (let i = 0; i < count; i++) {
      if (end < to + 1) return -(to + 1 - at)
      const length = bytes[to] as number
      if (end < to + 1 + length) return -(to + 1 + length - at)
      const capability = bytes.toString('latin1', to + 1, to + 1 + length)
      if (capability === 'x-ignore-shared') this.#isIgnoringShared = true
      else throw this.#fail('stream-unsupported', 'The stream uses a capability that Drover does not carry.', capability)
      to += 1 + length
    }
    return this.#tell({ kind: 'subsection', name }, bytes, at, to - at)
  }

  #setPageSize(bits: number): void {
    if (bits < 10 || bits > 16) throw this.#fail('stream-malformed', 'The stream has a target page size that no machine has.', `${bits} bits`)
    this.#pageSize = 2 ** bits
  }

  #command(bytes: Buffer, at: number, end: number): number {
    if (end - at < 5) return -5
    const command = bytes.readUInt16BE(at + 1)
    const length = bytes.readUInt16BE(at + 3)
    const expected = commandLengths.get(command)
    if (expected === undefined) throw this.#fail('stream-unsupported', 'The stream has a command that Drover does not carry.', `command ${command}`)
    if (expected >= 0 && expected !== length) throw this.#fail('stream-malformed', 'A command of the stream has the wrong length.', `command ${command}, ${length} bytes`)
    const total = 5 + length
    if (end - at < total) return -total
    const data = bytes.subarray(at + 5, at + total)
    if (command === commands.advise) this.#advise(data)
    if (command === commands.listen || command === commands.run) throw this.#fail('stream-unsupported', 'The stream switches to post-copy in a way that Drover does not know.', `command ${command}`)
    if (command === commands.packaged) {
      if (!this.#isAdvised || this.#isPostcopy) throw this.#fail('stream-malformed', 'Device state comes out of turn.', 'command 7')
      this.#packagedLeft = data.readUInt32BE(0)
      if (this.#packagedLeft === 0) throw this.#fail('stream-malformed', 'The stream has an empty package.', 'command 7')
      this.#state = 'packaged'
    } else this.#state = 'record'
    return this.#tell({ kind: 'command', command, data }, bytes, at, total)
  }

  /** savevm.c, loadvm_postcopy_handle_advise: the page sizes in use, or-ed, then the target's. */
  #advise(data: Buffer): void {
    if (data.length !== 16) throw this.#fail('stream-unsupported', 'The stream announces a post-copy of something else than memory.', `ADVISE of ${data.length} bytes`)
    const target = Number(data.readBigUInt64BE(8))
    if (target !== this.#pageSize) {
      if (this.#ramSection !== null) throw this.#fail('stream-malformed', 'The stream contradicts itself about its page size.', `${target} and ${this.#pageSize} bytes`)
      this.#setPageSize(Math.log2(target))
    }
    this.#isAdvised = true
  }

  #sectionStart(lead: number, bytes: Buffer, at: number, end: number): number {
    if (end - at < 6) return -6
    const nameLength = bytes[at + 5] as number
    const total = 6 + nameLength + 8
    if (end - at < total) return -total
    const name = bytes.toString('latin1', at + 6, at + 6 + nameLength)
    if (lead === records.full) {
      if (!this.#hasEndedRam || this.#isPostcopy) throw this.#fail('stream-unsupported', `The device ${name} sends state ahead of the memory's end, which Drover does not carry.`, name)
      this.#state = 'tail'
      return this.#tell({ kind: 'tail' }, bytes, at, total)
    }
    if (name !== 'ram' || this.#ramSection !== null) throw this.#fail('stream-unsupported', `The stream has a section ${name} that Drover does not carry.`, name)
    const version = bytes.readUInt32BE(at + total - 4)
    if (version !== ramSectionVersion) throw this.#fail('stream-unsupported', 'The memory has a format that Drover does not know.', `version ${version}`)
    const section = (this.#ramSection = bytes.readUInt32BE(at + 1))
    this.#state = 'ram'
    return this.#tell({ kind: 'ram-start', section }, bytes, at, total)
  }

  /** A word of section `ram`. The hot path: one look at the word, no object made but the page's own. */
  #word(bytes: Buffer, at: number, end: number): number {
    if (end - at < 8) return -8
    const high = bytes.readUInt32BE(at)
    const low = bytes.readUInt32BE(at + 4)
    const mask = this.#pageSize - 1
    const flags = low & mask
    const offset = high * 0x1_0000_0000 + (low - flags)
    if (flags === ramFlags.eos) {
      this.#state = 'record'
      return this.#tell({ kind: 'ram-eos' }, bytes, at, 8)
    }
    if (flags === ramFlags.memSize) {
      if (this.#blocks.length > 0 || offset === 0 || !Number.isSafeInteger(offset)) throw this.#fail('stream-malformed', 'The list of memory blocks makes no sense.', `${offset} bytes`)
      this.#unlisted = offset
      this.#state = 'blocks'
      return this.#tell({ kind: 'ram-size', total: offset }, bytes, at, 8)
    }
    const kind = flags & ~ramFlags.continue
    if (kind !== ramFlags.page && kind !== ramFlags.zero) throw this.#fail('stream-unsupported', 'The memory comes in a form that Drover does not carry.', `flags 0x${flags.toString(16)}`)
    let body = at + 8
    let block = this.#block
    if ((flags & ramFlags.continue) === 0) {
      if (end - at < 9) return -9
      const length = bytes[body] as number
      body += 1 + length
      if (end < body) return -(body - at)
      const name = bytes.toString('latin1', body - length, body)
      block = this.#byName.get(name) ?? null
      if (!block) throw this.#fail('stream-malformed', 'A page belongs to a memory block that was not announced.', name)
    }
    const total = body - at + (kind === ramFlags.page ? this.#pageSize : 1)
    if (end - at < total) return -total
    if (!block) throw this.#fail('stream-malformed', 'A page belongs to no memory block.', `flags 0x${flags.toString(16)}`)
    if (offset + this.#pageSize > block.length) throw this.#fail('stream-malformed', `A page lies outside of its memory block ${block.name}.`, `offset ${offset} of ${block.length}`)
    this.#block = block
    if (kind === ramFlags.page) this.#sink.page(block, offset, bytes.subarray(body, at + total), bytes.subarray(at, body))
    else this.#sink.zero(block, offset, bytes[body] as number, bytes.subarray(at, at + total))
    return total
  }

  #listBlock(bytes: Buffer, at: number, end: number): number {
    const nameLength = bytes[at] as number
    const total = 1 + nameLength + 8
    if (end - at < total) return -total
    const name = bytes.toString('latin1', at + 1, at + 1 + nameLength)
    const length = Number(bytes.readBigUInt64BE(at + 1 + nameLength))
    const isSound = nameLength > 0 && length > 0 && length <= this.#unlisted && !this.#byName.has(name) && this.#blocks.length < mostBlocks
    if (!isSound) throw this.#fail('stream-malformed', 'The list of memory blocks makes no sense.', `block ${name} of ${length} bytes`)
    let extra = 0
    let hostPageSize: number | null = null
    if (this.#isAdvised) {
      // A huge page's size follows where it is not the host's usual one; nothing says so but what the next bytes can be: a name is never empty,
      // and a word of memory never without flags.
      const next = at + total
      const isLast = length === this.#unlisted
      if (this.#isIgnoringShared) throw this.#fail('stream-unsupported', 'Post-copy of shared memory is nothing that Drover carries.', name)
      if (end - at < total + (isLast ? 8 : 1)) return -(total + (isLast ? 8 : 1))
      const isSize = isLast ? (bytes.readUInt32BE(next + 4) & (this.#pageSize - 1)) === 0 : bytes[next] === 0
      if (isSize) {
        if (end - at < total + 8) return -(total + 8)
        hostPageSize = Number(bytes.readBigUInt64BE(next))
        extra = 8
      }
    } else if (this.#isIgnoringShared) extra = 8
    if (end - at < total + extra) return -(total + extra)
    const block: RamBlock = { name, index: this.#blocks.length, length, hostPageSize }
    this.#blocks.push(block)
    this.#byName.set(name, block)
    this.#unlisted -= length
    if (this.#unlisted === 0) this.#state = 'ram'
    return this.#tell({ kind: 'ram-block', block }, bytes, at, total + extra)
  }

  #description(bytes: Buffer, at: number, end: number): number {
    if (bytes[at] !== records.vmDescription) throw this.#fail('stream-malformed', 'Something follows the end of the migration stream.', `0x${hex(bytes[at])}`)
    if (end - at < 5) return -5
    const length = bytes.readUInt32BE(at + 1)
    if (length > longestDescription) throw this.#fail('stream-malformed', 'The description at the end of the stream makes no sense.', `${length} bytes`)
    if (end - at < 5 + length) return -(5 + length)
    this.#state = 'over'
    return this.#tell({ kind: 'vm-description' }, bytes, at, 5 + length)
  }

  #tell(record: StreamRecord, bytes: Buffer, at: number, length: number): number {
    this.#sink.record(record, bytes.subarray(at, at + length))
    return length
  }

  #fail(code: StreamCode, sentence: string, seen: string): Error {
    return streamFailure(code, sentence, this.#offset, seen)
  }
}

function hex(byte: number | undefined): string {
  return (byte ?? 0).toString(16).padStart(2, '0')
}
