import { protocolFailure, Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** What a codec is made of, for whoever wants to generate or print values of the table. */
export type Shape =
  | { readonly kind: 'int' | 'uint' | 'hyper' | 'uhyper' | 'double' | 'bool' | 'uuid' | 'nothing' | 'typed-parameter' }
  | { readonly kind: 'string' | 'opaque' | 'chars'; readonly limit: number }
  | { readonly kind: 'optional'; readonly of: Shape }
  | { readonly kind: 'list'; readonly of: Shape; readonly limit: number }
  | { readonly kind: 'struct'; readonly fields: { readonly [name: string]: Shape } }

/** One value, both ways: what the client encodes the simulated daemon decodes with the same table, and the other way round. */
export interface Codec<T> {
  readonly shape: Shape
  encode(writer: Writer, value: T): void
  decode(reader: Reader): T
}

/** The TypeScript type that a codec carries. */
export type ValueOf<C> = C extends Codec<infer T> ? T : never

/** Signed and unsigned 32 bits. XDR also widens `char` and `short` to these. */
export const int: Codec<number> = { shape: { kind: 'int' }, encode: (writer, value) => writer.int(value), decode: (reader) => reader.int() }
export const uint: Codec<number> = {
  shape: { kind: 'uint' },
  encode: (writer, value) => writer.uint(value),
  decode: (reader) => reader.uint(),
}

/** 64 bits as a number: exact to 2^53, rounded beyond (libvirt's counters of nanoseconds and bytes stay below it for months). */
export const hyper: Codec<number> = {
  shape: { kind: 'hyper' },
  encode: (writer, value) => writer.hyper(value),
  decode: (reader) => reader.hyper(),
}
export const uhyper: Codec<number> = {
  shape: { kind: 'uhyper' },
  encode: (writer, value) => writer.uhyper(value),
  decode: (reader) => reader.uhyper(),
}

/** libvirt's truth values are ints; anything but 0 is true. */
export const bool: Codec<boolean> = {
  shape: { kind: 'bool' },
  encode: (writer, value) => writer.int(value ? 1 : 0),
  decode: (reader) => reader.int() !== 0,
}

export const nothing: Codec<void> = { shape: { kind: 'nothing' }, encode: () => {}, decode: () => undefined }

export function stringOf(limit: number): Codec<string> {
  return {
    shape: { kind: 'string', limit },
    encode: (writer, value) => writer.string(value, limit),
    decode: (reader) => reader.string(limit),
  }
}

export function opaqueOf(limit: number): Codec<Buffer> {
  // Copied out, so that a small cookie does not keep a whole chunk of the socket alive.
  return {
    shape: { kind: 'opaque', limit },
    encode: (writer, value) => writer.opaque(value, limit),
    decode: (reader) => Buffer.from(reader.opaque(limit)),
  }
}

/** A C character array: XDR gives every character a word of its own. A fixed one is filled up with NULs, as text it ends at the first. */
export function charsOf(limit: number, sized: 'fixed' | 'counted'): Codec<string> {
  return {
    shape: { kind: 'chars', limit: sized === 'fixed' ? limit - 1 : limit },
    encode(writer, value) {
      const bytes = Buffer.from(value, 'latin1')
      if (sized === 'counted') writer.count(bytes.length, limit)
      const length = sized === 'fixed' ? limit : bytes.length
      for (let i = 0; i < length; i++) writer.int(bytes[i] ?? 0)
    },
    decode(reader) {
      const length = sized === 'fixed' ? limit : reader.length(limit, 'character array')
      const bytes = Buffer.alloc(length)
      for (let i = 0; i < length; i++) bytes[i] = reader.int() & 0xff
      const end = bytes.indexOf(0)
      return bytes.toString('latin1', 0, end < 0 ? length : end)
    },
  }
}

export function optional<T>(of: Codec<T>): Codec<T | null> {
  return {
    shape: { kind: 'optional', of: of.shape },
    encode(writer, value) {
      writer.int(value === null ? 0 : 1)
      if (value !== null) of.encode(writer, value)
    },
    decode(reader) {
      const isPresent = reader.uint()
      if (isPresent > 1) throw protocolFailure(`An optional value is marked with ${isPresent}.`)
      return isPresent === 1 ? of.decode(reader) : null
    },
  }
}

export function list<T>(of: Codec<T>, limit: number): Codec<readonly T[]> {
  return {
    shape: { kind: 'list', of: of.shape, limit },
    encode(writer, values) {
      writer.count(values.length, limit)
      for (const value of values) of.encode(writer, value)
    },
    decode(reader) {
      const length = reader.length(limit, 'list')
      const values: T[] = []
      for (let i = 0; i < length; i++) values.push(of.decode(reader))
      return values
    },
  }
}

type Fields = { readonly [name: string]: Codec<unknown> }

/** Fields in the order of the wire. */
export function struct<const F extends Fields>(fields: F): Codec<{ readonly [K in keyof F]: ValueOf<F[K]> }> {
  type Value = { readonly [K in keyof F]: ValueOf<F[K]> }
  const entries = Object.entries(fields)
  return {
    shape: { kind: 'struct', fields: Object.fromEntries(entries.map(([name, codec]) => [name, codec.shape])) },
    encode(writer, value) {
      for (const [name, codec] of entries) codec.encode(writer, (value as { readonly [name: string]: unknown })[name])
    },
    decode(reader) {
      const value: { [name: string]: unknown } = {}
      for (const [name, codec] of entries) value[name] = codec.decode(reader)
      return value as Value
    },
  }
}

export function encodeValue<T>(codec: Codec<T>, value: T): Buffer {
  const writer = new Writer()
  codec.encode(writer, value)
  return writer.done()
}

/** Decodes a whole payload; left-over bytes are a `protocol` failure. */
export function decodeValue<T>(codec: Codec<T>, payload: Buffer): T {
  const reader = new Reader(payload)
  const value = codec.decode(reader)
  reader.finish()
  return value
}
