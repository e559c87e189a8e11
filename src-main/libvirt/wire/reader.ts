import { Failure } from '../../base/failure.ts'

/** What the far side sent is not the protocol. The connection it came from cannot be trusted further. */
export function protocolFailure(sentence: string, evidence?: string): Failure<'protocol'> {
  return new Failure('protocol', sentence, evidence === undefined ? {} : { evidence })
}

/** Names that come again and again: one string each, whatever the number of messages. Bounded, since the far side chooses them. */
const knownNames = new Map<number, { readonly bytes: Buffer; readonly name: string }>()
const maxKnownNames = 8192
const maxKnownLength = 64

/** Reads XDR (RFC 4506) from a buffer, never beyond its end. Rejects with a `protocol` failure. */
export class Reader {
  readonly #bytes: Buffer
  #offset: number
  readonly #end: number

  constructor(bytes: Buffer, offset = 0) {
    this.#bytes = bytes
    this.#offset = offset
    this.#end = bytes.length
  }

  get remaining(): number {
    return this.#end - this.#offset
  }

  #take(length: number): number {
    const at = this.#offset
    if (length > this.#end - at) throw protocolFailure(`A message ended early: ${length} bytes wanted, ${this.#end - at} left.`)
    this.#offset = at + length
    return at
  }

  int(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  uint(): number {
    return this.#bytes.readUInt32BE(this.#take(4))
  }

  /** Signed 64 bits as a number; beyond ±2^53 the lowest bits are rounded away. */
  hyper(): number {
    const at = this.#take(8)
    return this.#bytes.readInt32BE(at) * 4294967296 + this.#bytes.readUInt32BE(at + 4)
  }

  /** Unsigned 64 bits as a number; beyond 2^53 the lowest bits are rounded away. */
  uhyper(): number {
    const at = this.#take(8)
    return this.#bytes.readUInt32BE(at) * 4294967296 + this.#bytes.readUInt32BE(at + 4)
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#take(8))
  }

  /** A view into the message, not a copy. */
  fixed(length: number): Buffer {
    const at = this.#take(length)
    this.#padding(length)
    return this.#bytes.subarray(at, at + length)
  }

  length(limit: number, what: string): number {
    const length = this.uint()
    if (length > limit) throw protocolFailure(`A ${what} of ${length} is longer than the ${limit} that the protocol allows.`)
    return length
  }

  opaque(limit: number): Buffer {
    return this.fixed(this.length(limit, 'byte string'))
  }

  string(limit: number): string {
    const length = this.length(limit, 'string')
    const at = this.#take(length)
    this.#padding(length)
    return this.#bytes.toString('utf8', at, at + length)
  }

  /** A string that is likely to have been read before, such as a typed parameter's field. */
  name(limit: number): string {
    const length = this.length(limit, 'string')
    const at = this.#take(length)
    this.#padding(length)
    const bytes = this.#bytes
    const end = at + length
    if (length > maxKnownLength) return bytes.toString('utf8', at, end)
    let hash = length
    for (let i = at; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0
    const known = knownNames.get(hash)
    if (known && known.bytes.length === length && bytes.compare(known.bytes, 0, length, at, end) === 0) return known.name
    const name = bytes.toString('utf8', at, end)
    if (knownNames.size >= maxKnownNames) knownNames.clear()
    knownNames.set(hash, { bytes: Buffer.from(bytes.subarray(at, end)), name })
    return name
  }

  /** To be called after the last field: whatever is left over was not meant by the table. */
  finish(): void {
    if (this.remaining > 0) throw protocolFailure(`A message has ${this.remaining} bytes too many.`)
  }

  #padding(length: number): void {
    const odd = length & 3
    if (odd !== 0) this.#take(4 - odd)
  }
}
