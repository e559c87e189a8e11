import fc from 'fast-check'
import type { Shape } from './codec.ts'

const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })
const text = fc.string({ unit: 'grapheme', maxLength: 24 }).map((value) => value.replaceAll('\0', ''))

/** Values that a codec of this shape must carry unchanged, built from the shape alone. */
export function valuesOf(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case 'int':
      return int32
    case 'uint':
      return uint32
    case 'hyper':
      return fc.maxSafeInteger()
    case 'uhyper':
      return fc.oneof(fc.maxSafeNat(), fc.constant(2 ** 64))
    case 'double':
      return fc.double({ noNaN: true })
    case 'bool':
      return fc.boolean()
    case 'uuid':
      return fc.uuid()
    case 'nothing':
      return fc.constant(undefined)
    case 'string':
      return text
    case 'chars':
      return fc.string({ unit: 'grapheme-ascii', maxLength: Math.min(shape.limit, 24) })
    case 'opaque':
      return fc.uint8Array({ maxLength: Math.min(shape.limit, 24) }).map((bytes) => Buffer.from(bytes))
    case 'optional':
      return fc.option(valuesOf(shape.of), { nil: null })
    case 'list':
      return fc.array(valuesOf(shape.of), { maxLength: Math.min(shape.limit, 4) })
    case 'struct':
      return fc.record(Object.fromEntries(Object.entries(shape.fields).map(([name, of]) => [name, valuesOf(of)])), {
        noNullPrototype: true,
      })
    case 'typed-parameter':
      return fc.oneof(
        fc.record({ field: text, type: fc.constant('int'), value: int32 }, { noNullPrototype: true }),
        fc.record({ field: text, type: fc.constant('uint'), value: uint32 }, { noNullPrototype: true }),
        fc.record({ field: text, type: fc.constant('llong'), value: fc.maxSafeInteger() }, { noNullPrototype: true }),
        fc.record({ field: text, type: fc.constant('ullong'), value: fc.maxSafeNat() }, { noNullPrototype: true }),
        fc.record({ field: text, type: fc.constant('double'), value: fc.double({ noNaN: true }) }, { noNullPrototype: true }),
        fc.record({ field: text, type: fc.constant('boolean'), value: fc.boolean() }, { noNullPrototype: true }),
        fc.record({ field: text, type: fc.constant('string'), value: text }, { noNullPrototype: true }),
      )
  }
}
