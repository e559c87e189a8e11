import { Failure, messageOf } from '../base/failure.ts'

export type StoreCode = 'store-full' | 'store-corrupt' | 'store-too-new' | 'store-busy' | 'store-unwritable' | 'store-failed'

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html), by number from node:sqlite and by name from others. */
const meanings: readonly { readonly number: number; readonly name: string; readonly code: StoreCode }[] = [
  { number: 5, name: 'SQLITE_BUSY', code: 'store-busy' },
  { number: 6, name: 'SQLITE_LOCKED', code: 'store-busy' },
  { number: 8, name: 'SQLITE_READONLY', code: 'store-unwritable' },
  { number: 10, name: 'SQLITE_IOERR', code: 'store-failed' },
  { number: 11, name: 'SQLITE_CORRUPT', code: 'store-corrupt' },
  { number: 13, name: 'SQLITE_FULL', code: 'store-full' },
  { number: 14, name: 'SQLITE_CANTOPEN', code: 'store-unwritable' },
  { number: 26, name: 'SQLITE_NOTADB', code: 'store-corrupt' },
]

const sentences: Record<StoreCode, { sentence: string; next: string }> = {
  'store-full': {
    sentence: 'The disk that holds the profile is full: what happens now is not being kept.',
    next: 'Free some space. What waits in memory is then written, as long as Drover keeps running.',
  },
  'store-corrupt': {
    sentence: 'The file with hosts and history is damaged, and was left untouched. Drover runs without it: nothing of this session is kept.',
    next: 'Quit Drover, move the file away or put a backup in its place, and start again.',
  },
  'store-too-new': {
    sentence: 'The profile was written by a newer Drover, and was left untouched. Nothing of this session is kept.',
    next: 'Start the newer Drover, or choose another profile.',
  },
  'store-busy': {
    sentence: 'Another program holds the file with hosts and history. Nothing of this session is kept.',
    next: 'Close whatever has it open, and start Drover again.',
  },
  'store-unwritable': {
    sentence: 'The file with hosts and history cannot be opened for writing. Nothing of this session is kept.',
    next: 'Check the owner and the rights of the profile folder, and start Drover again.',
  },
  'store-failed': { sentence: 'The file with hosts and history cannot be used.', next: 'Check the disk that holds the profile, and start Drover again.' },
}

/** What SQLite threw, as a failure with one of {@link StoreCode}; a Failure passes through. */
export function storeFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown
  const { errcode, code } = (thrown ?? {}) as { errcode?: unknown; code?: unknown }
  const found = meanings.find(({ number, name }) => (typeof errcode === 'number' && (errcode & 0xff) === number) || (typeof code === 'string' && code.startsWith(name)))
  // An error without any code of SQLite is a fault of ours, or a file that is no database at all.
  const about = sentences[found?.code ?? 'store-failed']
  return new Failure(found?.code ?? 'store-failed', about.sentence, { evidence: messageOf(thrown), next: about.next, cause: thrown })
}

export function tooNew(migration: string): Failure {
  const { sentence, next } = sentences['store-too-new']
  return new Failure('store-too-new', sentence, { evidence: `The profile has the unknown schema step ${migration}.`, next })
}
