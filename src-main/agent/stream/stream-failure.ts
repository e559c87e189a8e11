import { Failure } from '../../base/failure.ts'

/**
 * `stream-malformed`: the bytes are no migration stream. `stream-unsupported`: they are, with something in it that a relay cannot carry.
 * `stream-cut`: they ended too early. The offset is that of the record in its stream, in bytes.
 */
export type StreamCode = 'stream-malformed' | 'stream-unsupported' | 'stream-cut'

export function streamFailure(code: StreamCode, sentence: string, offset: number, seen?: string): Failure<StreamCode> {
  return new Failure(code, sentence, { evidence: seen === undefined ? `at byte ${offset}` : `${seen} at byte ${offset}` })
}
