import { returnTypes } from './format.ts'
import { streamFailure } from './stream-failure.ts'

/** What the destination says to the source. `bytes`: the message as it stood. */
export type ReturnMessage =
  | { readonly kind: 'shut'; readonly value: number; readonly bytes: Buffer }
  | { readonly kind: 'pong'; readonly value: number; readonly bytes: Buffer }
  /** Pages that the guest waits for. `block` is always said, also where the message referred to the one before. */
  | { readonly kind: 'request'; readonly block: string; readonly start: number; readonly length: number; readonly bytes: Buffer }
  | { readonly kind: 'recv-bitmap'; readonly bytes: Buffer }
  | { readonly kind: 'resume-ack'; readonly value: number; readonly bytes: Buffer }
  | { readonly kind: 'switchover-ack'; readonly bytes: Buffer }

/** The longest message is a request with its block's name. */
const longestMessage = 512

/** Reads the return path (migration.c, source_return_path_thread) in whatever chunks it comes. Throws `stream-malformed` or `stream-unsupported` with the offset. */
export class ReturnPathReader {
  readonly #take: (message: ReturnMessage) => void
  #rest: Buffer = Buffer.alloc(0)
  #offset = 0
  #block: string | null = null

  constructor(take: (message: ReturnMessage) => void) {
    this.#take = take
  }

  push(chunk: Buffer): void {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    while (bytes.length >= 4) {
      const type = bytes.readUInt16BE(0)
      const length = bytes.readUInt16BE(2)
      if (length > longestMessage) throw streamFailure('stream-malformed', 'A message of the return path is too long.', this.#offset, `type ${type}, ${length} bytes`)
      if (bytes.length < 4 + length) break
      const message = this.#parse(type, bytes.subarray(0, 4 + length))
      bytes = bytes.subarray(4 + length)
      this.#offset += 4 + length
      this.#take(message)
    }
    this.#rest = bytes
  }

  #parse(type: number, bytes: Buffer): ReturnMessage {
    const data = bytes.subarray(4)
    switch (type) {
      case returnTypes.shut:
      case returnTypes.pong:
      case returnTypes.resumeAck: {
        this.#expect(type, data.length === 4, data)
        const kind = type === returnTypes.shut ? 'shut' : type === returnTypes.pong ? 'pong' : 'resume-ack'
        return { kind, value: data.readUInt32BE(0), bytes }
      }
      case returnTypes.reqPages:
        this.#expect(type, data.length === 12, data)
        return this.#request(this.#block, data, bytes)
      case returnTypes.reqPagesId:
        this.#expect(type, data.length >= 14 && data.length === 13 + (data[12] as number), data)
        return this.#request((this.#block = data.toString('latin1', 13)), data, bytes)
      case returnTypes.recvBitmap:
        this.#expect(type, data.length >= 1 && data.length === 1 + (data[0] as number), data)
        return { kind: 'recv-bitmap', bytes }
      case returnTypes.switchoverAck:
        this.#expect(type, data.length === 0, data)
        return { kind: 'switchover-ack', bytes }
    }
    throw streamFailure('stream-unsupported', 'The return path has a message that Drover does not know.', this.#offset, `type ${type}`)
  }

  #request(block: string | null, data: Buffer, bytes: Buffer): ReturnMessage {
    if (block === null) throw streamFailure('stream-malformed', 'A page is asked for without saying of which block.', this.#offset)
    const start = Number(data.readBigUInt64BE(0))
    if (!Number.isSafeInteger(start)) throw streamFailure('stream-malformed', 'A page is asked for that cannot be.', this.#offset, `${block} + ${start}`)
    return { kind: 'request', block, start, length: data.readUInt32BE(8), bytes }
  }

  #expect(type: number, isSound: boolean, data: Buffer): void {
    if (!isSound) throw streamFailure('stream-malformed', 'A message of the return path has the wrong length.', this.#offset, `type ${type}, ${data.length} bytes`)
  }
}

function message(type: number, data: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + data.length)
  bytes.writeUInt16BE(type, 0)
  bytes.writeUInt16BE(data.length, 2)
  data.copy(bytes, 4)
  return bytes
}

/** Ends the source's post-copy: all its pages are safe elsewhere. `value` 0: all is well. */
export function shutMessage(value = 0): Buffer {
  const data = Buffer.alloc(4)
  data.writeUInt32BE(value)
  return message(returnTypes.shut, data)
}

/** Asks for pages. Always with the block's name: one without refers to the request before it, which the reader may never have seen. */
export function requestMessage(block: string, start: number, length: number): Buffer {
  const name = Buffer.from(block, 'latin1')
  const data = Buffer.alloc(13 + name.length)
  data.writeBigUInt64BE(BigInt(start), 0)
  data.writeUInt32BE(length, 8)
  data[12] = name.length
  name.copy(data, 13)
  return message(returnTypes.reqPagesId, data)
}
