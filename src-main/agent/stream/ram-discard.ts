import { streamFailure } from './stream-failure.ts'

export interface Discard {
  readonly block: string
  /** Bytes in the block, each range's start and length. */
  readonly ranges: readonly { readonly start: number; readonly length: number }[]
}

/** The data of a RAM_DISCARD (savevm.c, qemu_savevm_send_postcopy_ram_discard): pages that the destination must throw away, since they were dirtied after they were sent. */
export function readDiscard(data: Buffer): Discard {
  const nameLength = data[1] ?? 0
  const from = 2 + nameLength + 1
  if (data.length < from || data[0] !== 0 || data[from - 1] !== 0 || (data.length - from) % 16 !== 0) {
    throw streamFailure('stream-malformed', 'A RAM_DISCARD makes no sense.', 0, `${data.length} bytes`)
  }
  const ranges = []
  for (let at = from; at < data.length; at += 16) ranges.push({ start: Number(data.readBigUInt64BE(at)), length: Number(data.readBigUInt64BE(at + 8)) })
  return { block: data.toString('latin1', 2, 2 + nameLength), ranges }
}
