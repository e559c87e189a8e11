import { expect, test } from 'vitest'
import { formatAge, formatBytes, formatCount, formatDuration, formatSecondsRange, formatShare } from './format.ts'

const plain = (text: string) => text.replaceAll('\u00a0', ' ')

test('bytes keep three figures and never read 1024 of a unit', () => {
  expect([0, 1023, 1024, 1536, 1024 ** 3 - 1, 17.2 * 1024 ** 3, 250 * 1024 ** 3].map((bytes) => plain(formatBytes(bytes)))).toEqual([
    '0 B', '1023 B', '1 KiB', '1.5 KiB', '1 GiB', '17.2 GiB', '250 GiB',
  ])
})

test('a share reads 100 % only when it is whole', () => {
  expect([-0.1, 0, 0.5, 0.999, 1].map((share) => plain(formatShare(share)))).toEqual(['0 %', '0 %', '50 %', '99 %', '100 %'])
})

test('durations', () => {
  expect([0.4, 42, 3210, 59_400, 125_000, 4_320_000, 273_600_000].map((ms) => plain(formatDuration(ms)))).toEqual([
    '0 ms', '42 ms', '3.2 s', '59 s', '2 min 05 s', '1 h 12 min', '3 d 4 h',
  ])
})

test('ranges collapse when both ends read the same', () => {
  expect(plain(formatSecondsRange([12.2, 17.6]))).toBe('12–18 s')
  expect(plain(formatSecondsRange([0.1, 0.4]))).toBe('1 s')
  expect(plain(formatSecondsRange([60, 180]))).toBe('1–3 min')
})

test('ages and counts', () => {
  expect(plain(formatAge(0, 2_000))).toBe('just now')
  expect(plain(formatAge(0, 190_000))).toBe('3 min ago')
  expect([plain(formatCount(1, 'VM')), plain(formatCount(4, 'VM'))]).toEqual(['1 VM', '4 VMs'])
})
