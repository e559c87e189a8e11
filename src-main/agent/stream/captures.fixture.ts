import { readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'

// Streams of a 16 MiB q35 guest in its firmware, taken from QEMU itself by test/fixtures/stream/capture.py: a pre-copy, and post-copies with their return paths.
const parts = { precopy72: 323_198, postcopy72: 574_956, return72: 40, postcopy100: 579_042, return100: 40 } as const

export type CaptureName = keyof typeof parts

/** What the named QEMU put on the wire, byte for byte. */
export const captures: Readonly<Record<CaptureName, Buffer>> = (() => {
  const bytes = brotliDecompressSync(readFileSync(new URL('captures.fixture.br', import.meta.url)))
  let at = 0
  const cut = Object.entries(parts).map(([name, length]) => [name, bytes.subarray(at, (at += length))])
  return Object.fromEntries(cut) as Record<CaptureName, Buffer>
})()
