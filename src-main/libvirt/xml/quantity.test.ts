import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatCpuSet, parseCpuSet } from './cpu-set.ts'
import { parseBytes, parseKibibytes } from './quantity.ts'

describe('amounts', () => {
  it.each([
    ['1', 'GiB', 1_048_576],
    ['1', 'G', 1_048_576],
    ['1', 'GB', 976_563],
    ['2', 'k', 2],
    ['1025', 'bytes', 2],
    ['0', 'KiB', 0],
    [' 524287 ', 'KiB', 524_287],
    ['1', 'EiB', 1024 ** 5],
    ['1.5', 'GiB', undefined],
    ['-1', 'KiB', undefined],
    ['1', 'parsec', undefined],
    ['1', 'XiB', undefined],
    ['99999999999999999999', 'KiB', undefined],
  ])('%s %s in KiB', (text, unit, expected) => {
    expect(parseKibibytes(text, unit)).toBe(expected)
  })

  it('are exact in bytes, or absent', () => {
    expect(parseBytes('20', 'GiB')).toBe(21_474_836_480)
    expect(parseBytes('1', 'EiB')).toBeUndefined()
  })
})

describe('CPU sets', () => {
  it.each([
    ['0-3,^2,8', [0, 1, 3, 8]],
    ['5', [5]],
    ['0, 2 ,4-4', [0, 2, 4]],
    ['3-1', undefined],
    ['a', undefined],
    ['', undefined],
    ['0-99999', undefined],
  ])('%s', (text, numbers) => {
    expect(parseCpuSet(text)).toEqual(numbers)
  })

  it('are written as they are read', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 300 }), { minLength: 1 }), (numbers) => {
        expect(parseCpuSet(formatCpuSet(numbers))).toEqual([...numbers].sort((a, b) => a - b))
      }),
    )
  })
})
