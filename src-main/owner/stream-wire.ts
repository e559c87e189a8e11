import type { Duplex } from 'node:stream'
import { Inbox, type Message, type Wire } from '../base/wire.ts'

const textKind = 0
const bytesKind = 1
const headerBytes = 5
/** A frame beyond it is a fault or an attack; the largest real ones are inventories of a few hundred kilobytes. */
const frameLimit = 64 * 1024 * 1024
/** Bytes that may wait for a reader that does not read, before it is given up. */
const waitingLimit = 128 * 1024 * 1024

/**
 * A wire over a byte stream: each message is a 32-bit length (big-endian, of the payload), a byte that tells text (0) from bytes (1), and the payload.
 * A frame that is too long or of another kind closes the stream.
 */
export function streamWire(stream: Duplex): Wire {
  const inbox = new Inbox()
  let chunks: Buffer[] = []
  let size = 0

  const close = () => {
    inbox.close()
    stream.destroy()
  }

  /** The first `count` bytes of what has come, which the caller has made sure of. */
  function take(count: number): Buffer {
    const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    chunks = count < all.length ? [all.subarray(count)] : []
    size -= count
    return all.subarray(0, count)
  }

  let header: { length: number; kind: number } | null = null
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    for (;;) {
      if (!header) {
        if (size < headerBytes) return
        const bytes = take(headerBytes)
        header = { length: bytes.readUInt32BE(0), kind: bytes[4] ?? 255 }
        if (header.length > frameLimit || header.kind > bytesKind) return close()
      }
      if (size < header.length) return
      const payload = header.length === 0 ? Buffer.alloc(0) : take(header.length)
      const { kind } = header
      header = null
      inbox.receive(kind === textKind ? payload.toString('utf8') : Uint8Array.from(payload))
    }
  })
  stream.on('close', () => inbox.close())
  stream.on('end', close)
  // An error is always followed by close.
  stream.on('error', () => {})

  return {
    send(message: Message) {
      if (inbox.isClosed) return
      const payload = typeof message === 'string' ? Buffer.from(message, 'utf8') : message
      const head = Buffer.alloc(headerBytes)
      head.writeUInt32BE(payload.length, 0)
      head[4] = typeof message === 'string' ? textKind : bytesKind
      stream.cork()
      stream.write(head)
      stream.write(payload)
      stream.uncork()
      if (stream.writableLength > waitingLimit) close()
    },
    onDidReceive: inbox.onDidReceive,
    onDidClose: inbox.onDidClose,
    close,
  }
}
