import { Failure } from '../../base/failure.ts'

const maxUint64 = 0xffff_ffff_ffff_ffffn

function encodeFailure(sentence: string): Failure<'encode'> {
  return new Failure('encode', sentence)
}

/** Writes XDR (RFC 4506) into a buffer that grows. Rejects with an `encode` failure what the wire cannot carry. */
export class Writer {
  #bytes: Buffer
  #length = 0

  constructor(capacity = 512) {
    this.#bytes = Buffer.allocUnsafe(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** What was written so far; valid until the next write. */
  done(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #room(length: number): number {
    const at = this.#length
    const needed = at + length
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, at)
      this.#bytes = larger
    }
    this.#length = needed
    return at
  }

  int(value: number): void {
    if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0x7fff_ffff) throw encodeFailure(`${value} is no 32-bit integer.`)
    const at = this.#room(4)
    this.#bytes.writeInt32BE(value, at)
  }

  uint(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw encodeFailure(`${value} is no unsigned 32-bit integer.`)
    const at = this.#room(4)
    this.#bytes.writeUInt32BE(value, at)
  }

  hyper(value: number): void {
    if (!Number.isInteger(value)) throw encodeFailure(`${value} is no integer.`)
    const exact = BigInt(value)
    const clamped = BigInt.asIntN(64, exact) === exact ? exact : value > 0 ? 0x7fff_ffff_ffff_ffffn : -0x8000_0000_0000_0000n
    const at = this.#room(8)
    this.#bytes.writeBigInt64BE(clamped, at)
  }

  /** 2^64 and above are written as 2^64 - 1: that is what "no limit" was before it was read as a double. */
  uhyper(value: number): void {
    if (!Number.isInteger(value) || value < 0) throw encodeFailure(`${value} is no unsigned integer.`)
    const exact = BigInt(value)
    const at = this.#room(8)
    this.#bytes.writeBigUInt64BE(exact > maxUint64 ? maxUint64 : exact, at)
  }

  double(value: number): void {
    const at = this.#room(8)
    this.#bytes.writeDoubleBE(value, at)
  }

  fixed(value: Uint8Array): void {
    const at = this.#room(value.length)
    this.#bytes.set(value, at)
    this.#padding(value.length)
  }

  opaque(value: Uint8Array, limit: number): void {
    if (value.length > limit) throw encodeFailure(`${value.length} bytes are more than the ${limit} that the protocol allows.`)
    this.uint(value.length)
    this.fixed(value)
  }

  string(value: string, limit: number): void {
    const length = Buffer.byteLength(value)
    if (length > limit) throw encodeFailure(`A string of ${length} bytes is longer than the ${limit} that the protocol allows.`)
    if (value.includes('\0')) throw encodeFailure('A string with a NUL byte would be cut short by the daemon.')
    this.uint(length)
    const at = this.#room(length)
    this.#bytes.write(value, at, 'utf8')
    this.#padding(length)
  }

  /** A list's length word, checked against the protocol's limit. */
  count(value: number, limit: number): void {
    if (value > limit) throw encodeFailure(`${value} entries are more than the ${limit} that the protocol allows.`)
    this.uint(value)
  }

  #padding(length: number): void {
    const odd = length & 3
    if (odd === 0) return
    const at = this.#room(4 - odd)
    this.#bytes.fill(0, at, this.#length)
  }
}
