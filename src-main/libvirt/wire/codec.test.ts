import { describe, expect, it } from 'vitest'
import { charsOf, decodeValue, encodeValue, hyper, int, list, opaqueOf, optional, stringOf, struct, uhyper, uint } from './codec.ts'
import { domain, uuid } from './objects.ts'
import { TypedParameters, typedParameter } from './typed-parameter.ts'

const hex = (bytes: Buffer): string => bytes.toString('hex')

describe('XDR (RFC 4506)', () => {
  it('pads strings and bytes to four', () => {
    expect(hex(encodeValue(stringOf(10), 'abcde'))).toBe('000000056162636465000000')
    expect(hex(encodeValue(opaqueOf(10), Buffer.from([1])))).toBe('0000000101000000')
    expect(hex(encodeValue(optional(int), null))).toBe('00000000')
    expect(hex(encodeValue(optional(int), -1))).toBe('00000001ffffffff')
  })

  it('keeps 64 bits as far as a double can, and the largest as the largest', () => {
    expect(decodeValue(hyper, Buffer.from('ffffffffffffffff', 'hex'))).toBe(-1)
    expect(decodeValue(uhyper, Buffer.from('001fffffffffffff', 'hex'))).toBe(Number.MAX_SAFE_INTEGER)
    const noLimit = Buffer.from('ffffffffffffffff', 'hex')
    expect(encodeValue(uhyper, decodeValue(uhyper, noLimit))).toEqual(noLimit)
  })

  it('gives every C character a word', () => {
    const model = charsOf(8, 'fixed')
    expect(encodeValue(model, 'x86').length).toBe(32)
    expect(decodeValue(model, encodeValue(model, 'x86'))).toBe('x86')
  })

  it('writes a uuid as 16 bytes', () => {
    const text = '6695eb01-f6a4-8304-79aa-97f2502e193f'
    expect(hex(encodeValue(uuid, text))).toBe(text.replaceAll('-', ''))
    expect(hex(encodeValue(domain, { name: 'a', uuid: text.toUpperCase(), id: -1 }))).toBe(
      `0000000161000000${text.replaceAll('-', '')}ffffffff`,
    )
  })

  it.each([
    ['a number that is none', () => encodeValue(uint, -1)],
    ['a fraction', () => encodeValue(int, 0.5)],
    ['a string with a NUL', () => encodeValue(stringOf(9), 'a\0b')],
    ['a string that is too long', () => encodeValue(stringOf(2), 'abc')],
    ['a list that is too long', () => encodeValue(list(int, 1), [1, 2])],
    ['a uuid that is none', () => encodeValue(uuid, 'vm1')],
  ])('refuses to write %s', (_, write) => {
    expect(write).toThrow(expect.objectContaining({ code: 'encode' }))
  })

  it('takes no length for granted', () => {
    const many = list(struct({ a: int }), 0xffff_ffff)
    expect(() => decodeValue(many, Buffer.from('ffffffff00000001', 'hex'))).toThrow(expect.objectContaining({ code: 'protocol' }))
    expect(() => decodeValue(stringOf(8), Buffer.from('ffffffff', 'hex'))).toThrow(/longer than the 8/)
  })

  it('reads typed parameters by name', () => {
    const params = [
      { field: 'block.count', type: 'uint', value: 1 },
      { field: 'success', type: 'boolean', value: true },
      { field: 'errmsg', type: 'string', value: 'no' },
    ] as const
    const values = new TypedParameters(decodeValue(list(typedParameter, 9), encodeValue(list(typedParameter, 9), params)))
    expect([values.number('block.count'), values.boolean('success'), values.string('errmsg'), values.number('errmsg')]).toEqual([
      1,
      true,
      'no',
      null,
    ])
  })
})
