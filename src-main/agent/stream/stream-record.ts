/** A block of guest memory as the stream names it (`pc.ram`, `/rom@etc/acpi/tables` …). */
export interface RamBlock {
  readonly name: string
  /** Place in the list of the stream, the same at both ends of a relay. */
  readonly index: number
  /** Bytes in use. */
  readonly length: number
  /** Bytes of a host page where that is not the usual one (huge pages), else null. Said in streams with post-copy only. */
  readonly hostPageSize: number | null
}

/**
 * What is in a stream beside pages, in the order of the stream.
 * `ram-start`, `ram-part`, `ram-end`: a section of memory is led in; pages follow, then `ram-eos`, then (usually) `footer`.
 * `packaged`: a piece of the device state of a post-copy; `tail`: a piece of that of a pre-copy, which runs to the stream's end.
 */
export type StreamRecord =
  | { readonly kind: 'header' }
  | { readonly kind: 'configuration'; readonly machine: string }
  | { readonly kind: 'subsection'; readonly name: string }
  | { readonly kind: 'command'; readonly command: number; readonly data: Buffer }
  | { readonly kind: 'ram-start' | 'ram-part' | 'ram-end'; readonly section: number }
  | { readonly kind: 'ram-size'; readonly total: number }
  | { readonly kind: 'ram-block'; readonly block: RamBlock }
  | { readonly kind: 'ram-eos' }
  | { readonly kind: 'footer'; readonly section: number }
  | { readonly kind: 'packaged'; readonly isLast: boolean }
  | { readonly kind: 'tail' }
  | { readonly kind: 'eof' }
  | { readonly kind: 'vm-description' }

/**
 * Takes a stream apart. Buffers are parts of what was pushed, not copies: who keeps one keeps the whole chunk, and must not write into it.
 * What a sink throws comes out of `push`.
 */
export interface StreamSink {
  /** `bytes`: the record as it stood in the stream; all records and pages in a row are the stream. */
  record(record: StreamRecord, bytes: Buffer): void
  /** A page: `offset` in bytes in its block, `data` of the stream's page size. `word`: its page word and perhaps its block's name, as they stood before `data`. */
  page(block: RamBlock, offset: number, data: Buffer, word: Buffer): void
  /** A page filled with one byte, nearly always 0. `bytes`: as it stood in the stream. */
  zero(block: RamBlock, offset: number, fill: number, bytes: Buffer): void
}
