import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quoteCommand, quoteWord } from './quote.ts'

const word = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text.replaceAll('\0', '')).toString('utf8'))

test('/bin/sh reads every word back unchanged', () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
      const line = quoteCommand(['printf', '%s\\0', ...words])
      const output = execFileSync('/bin/sh', ['-c', line]).toString('utf8')
      expect(output.split('\0').slice(0, -1)).toEqual(words)
    }),
    { numRuns: 200 },
  )
})

test.each([
  ['', "''"],
  ['plain-1.2_/:@%+,', 'plain-1.2_/:@%+,'],
  ["it's", "'it'\\''s'"],
  ['$(reboot)', "'$(reboot)'"],
  ['~', "'~'"],
  ['a=b', "'a=b'"],
])('quoteWord(%j)', (text, quoted) => expect(quoteWord(text)).toBe(quoted))

test('the program is never a keyword or an assignment', () => {
  expect(quoteCommand(['if', 'then'])).toBe("'if' then")
  expect(quoteCommand(['X=1', 'id'])).toBe("'X=1' id")
})

test('refuses what no argument can carry', () => {
  expect(() => quoteWord('a\0b')).toThrowError(expect.objectContaining({ code: 'argument-invalid' }))
  expect(() => quoteCommand([])).toThrowError(expect.objectContaining({ code: 'argument-invalid' }))
})
