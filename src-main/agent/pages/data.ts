import { Failure } from '../../base/failure.ts'
import { frameHead, frames, headBytes } from './frame.ts'
import { hashBytes, pageBytes } from './page-hash.ts'

// A piece of a stream: u16 count of segments, a u32 each (kind in the upper 2 bits, value in the lower 30), a name for each segment that refers, then all literal bytes in their order.
// The literals of pages that are all new are the stream itself, so that neither end has to copy them.

/** `raw`: value bytes as they are. `fresh`: a page whose content follows, to be kept in slot value. `known`: the page in slot value. `coming`: a page that another host brings, for slot value. */
const segments = { raw: 0, fresh: 1, known: 2, coming: 3 } as const

const kindUnit = 2 ** 30
const largestValue = kindUnit - 1
const mostSegments = 0xffff

/** Puts together the data frames of one stream. */
export class DataWriter {
  readonly #stream: number
  #table: number[] = []
  #names: string[] = []
  #literals: Buffer[] = []
  #literalBytes = 0
  #raw = 0
  /** A run of literals that are neighbours in one chunk: they become one piece. */
  #run: ArrayBufferLike | null = null
  #runFrom = 0
  #runTo = 0

  constructor(stream: number) {
    this.#stream = stream
  }

  get isEmpty(): boolean {
    return this.#table.length === 0 && this.#raw === 0
  }

  /** Whether the frame should be taken before more is put in. */
  get isFull(): boolean {
    return this.#table.length > mostSegments - 4 || this.#literalBytes > 1024 * 1024
  }

  raw(bytes: Buffer): void {
    this.#raw += bytes.length
    this.#literal(bytes)
  }

  fresh(slot: number, page: Buffer): void {
    this.#close()
    this.#table.push(segments.fresh * kindUnit + slot)
    this.#literal(page)
  }

  refer(kind: 'known' | 'coming', slot: number, hash: string): void {
    this.#close()
    this.#table.push(segments[kind] * kindUnit + slot)
    this.#names.push(hash)
  }

  /** The frame of all since the last one, in pieces to be sent in a row. */
  take(): { pieces: Buffer[]; bytes: number } {
    this.#close()
    this.#endRun()
    const fixed = 2 + this.#table.length * 4 + this.#names.length * hashBytes
    const body = fixed + this.#literalBytes
    const head = frameHead(frames.data, this.#stream, body, fixed)
    head.writeUInt16BE(this.#table.length, headBytes)
    let at = headBytes + 2
    for (const entry of this.#table) at = head.writeUInt32BE(entry, at)
    for (const name of this.#names) at += head.write(name, at, 'latin1')
    const taken = { pieces: [head, ...this.#literals], bytes: headBytes + body }
    this.#table = []
    this.#names = []
    this.#literals = []
    this.#literalBytes = 0
    return taken
  }

  #close(): void {
    if (this.#raw === 0) return
    this.#table.push(this.#raw)
    this.#raw = 0
  }

  #literal(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#literalBytes += bytes.length
    if (bytes.buffer === this.#run && bytes.byteOffset === this.#runTo) this.#runTo += bytes.length
    else {
      this.#endRun()
      this.#run = bytes.buffer
      this.#runFrom = bytes.byteOffset
      this.#runTo = bytes.byteOffset + bytes.length
    }
  }

  #endRun(): void {
    if (this.#run) this.#literals.push(Buffer.from(this.#run as ArrayBuffer, this.#runFrom, this.#runTo - this.#runFrom))
    this.#run = null
  }
}

/** What a data frame is made of, in the stream's order; `at`: bytes from where the piece of the stream begins, `from`: where in the frame's body its literal bytes are. */
export interface DataSink {
  raw(at: number, from: number, length: number): void
  fresh(at: number, slot: number, from: number): void
  known(at: number, slot: number, hash: string): void
  coming(at: number, slot: number, hash: string): void
}

export interface DataLayout {
  /** Where in the body the literal bytes begin; without references they are the stream. */
  readonly literals: number
  readonly references: number
  /** Bytes of the stream that the frame stands for. */
  readonly streamBytes: number
}

const malformed = (evidence: string) => new Failure('pages-malformed', 'A piece of a stream makes no sense.', { evidence })

/** What is in a data frame's body. Throws `pages-malformed`. */
export function layoutOf(body: Buffer): DataLayout {
  const count = body.length < 2 ? 0 : body.readUInt16BE(0)
  const table = 2 + count * 4
  if (body.length < table) throw malformed(`${count} segments in ${body.length} bytes`)
  let [wanted, references] = [0, 0]
  for (let at = 2; at < table; at += 4) {
    const entry = body.readUInt32BE(at)
    const kind = entry >>> 30
    if (kind === segments.raw) wanted += entry & largestValue
    else if (kind === segments.fresh) wanted += pageBytes
    else references += 1
  }
  const literals = table + references * hashBytes
  if (literals + wanted !== body.length) throw malformed(`${body.length} bytes, ${literals + wanted} by its table`)
  return { literals, references, streamBytes: wanted + references * pageBytes }
}

/** Takes a data frame's body apart, after {@link layoutOf} has found it sound. */
export function readData(body: Buffer, layout: DataLayout, sink: DataSink): void {
  const table = 2 + body.readUInt16BE(0) * 4
  let [name, literal, at] = [table, layout.literals, 0]
  for (let i = 2; i < table; i += 4) {
    const entry = body.readUInt32BE(i)
    const [kind, value] = [entry >>> 30, entry & largestValue]
    if (kind === segments.raw) {
      sink.raw(at, literal, value)
      literal += value
      at += value
      continue
    }
    if (kind === segments.fresh) {
      sink.fresh(at, value, literal)
      literal += pageBytes
    } else {
      const hash = body.toString('latin1', name, name + hashBytes)
      name += hashBytes
      if (kind === segments.known) sink.known(at, value, hash)
      else sink.coming(at, value, hash)
    }
    at += pageBytes
  }
}
