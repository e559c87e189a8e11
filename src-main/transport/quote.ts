import { Failure } from '../base/failure.ts'

const plain = /^[A-Za-z0-9_/.:@%+,-]+$/

/**
 * One word as a POSIX shell reads it back unchanged (XCU 2.2.2, single quotes).
 * Throws `argument-invalid` for a word with a NUL byte, which no argument can carry.
 */
export function quoteWord(word: string): string {
  if (word.includes('\0')) throw new Failure('argument-invalid', 'A command argument contains a NUL byte.')
  return plain.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** A whole command line out of its words. The first word is always quoted, so that it is never a keyword, an alias or an assignment. */
export function quoteCommand(argv: readonly string[]): string {
  const [program, ...rest] = argv
  if (!program) throw new Failure('argument-invalid', 'A command needs a program to run.')
  const first = quoteWord(program)
  return [first.startsWith("'") ? first : `'${first}'`, ...rest.map(quoteWord)].join(' ')
}
