import { expect, test } from 'vitest'
import { findMatches, xmlParts } from './xml-search.ts'

const xml = `<domain type='kvm'>\n  <!-- <a b='c'> -->\n  <name>web.1</name>\n  <os><boot dev="hd"/></os>\n</domain>\n`
const cut = (stretches: readonly (readonly [number, number])[]) => stretches.map(([from, to]) => xml.slice(from, to))

test('text is found without case, and signs mean themselves', () => {
  expect(cut(findMatches(xml, 'WEB.1'))).toEqual(['web.1'])
  expect(findMatches(xml, 'web?1')).toEqual([])
  expect(cut(findMatches(xml, '(')).length).toBe(0)
  expect(findMatches('aaaa', 'aa')).toEqual([[0, 2], [2, 4]])
  expect(findMatches('aaaa', 'a', 3)).toHaveLength(3)
  expect(findMatches(xml, '')).toEqual([])
})

test('parts of XML are told apart, and comments hide what is in them', () => {
  const parts = xmlParts(xml)
  expect(cut(parts.tag)).toEqual(['domain', 'name', 'name', 'os', 'boot', 'os', 'domain'])
  expect(cut(parts.attribute)).toEqual(['type', 'dev'])
  expect(cut(parts.value)).toEqual(["'kvm'", '"hd"'])
  expect(cut(parts.comment)).toEqual(["<!-- <a b='c'> -->"])
})

test('a broken piece does no harm', () => {
  expect(() => xmlParts('<a b="c <d e=\'f')).not.toThrow()
})
