import { expect, test } from 'vitest'
import type { RunSample } from '../../../contract/run-sample.ts'
import { linesIn } from './known-lines.ts'

const at = (...links: Record<string, number>[]): RunSample[] => links.map((each, t) => ({ t, memory: {}, links: each }))

test('what a host sends to two others at once, for three seconds in a row, is what its side carries', () => {
  const both = { 'a>b': 25, 'a>c': 24 }
  expect(linesIn(at({ 'a>b': 25 }, both, both, { 'a>b': 20, 'a>c': 20 }, { 'a>c': 25 }))).toEqual(new Map([['out a', 40]]))
})

test('a figure that stands for a moment, and moves over one way alone, tell nothing', () => {
  expect(linesIn(at({ 'a>b': 25, 'a>c': 25 }, { 'a>c': 25 }, { 'a>b': 25, 'a>c': 25 }))).toEqual(new Map())
  expect(linesIn(at({ 'a>b': 25 }, { 'a>b': 25 }, { 'a>b': 25 }))).toEqual(new Map())
})

test('a host that is filled from two sides', () => {
  const both = { 'b>a': 10, 'c>a': 12 }
  expect(linesIn(at(both, both, both))).toEqual(new Map([['in a', 22]]))
})
