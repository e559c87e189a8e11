import { headerLength, lengthWord, maxMessage } from './limits.ts'
import { protocolFailure } from './reader.ts'

// virnetprotocol.x: a length word that counts itself, then program, version, procedure, type, serial, status.
export const messageTypes = { call: 0, reply: 1, message: 2, stream: 3, callWithFds: 4, replyWithFds: 5, streamHole: 6 } as const
export const messageStatus = { ok: 0, error: 1, continue: 2 } as const

export type MessageType = keyof typeof messageTypes
export type MessageStatus = keyof typeof messageStatus

export interface Header {
  readonly program: number
  readonly version: number
  readonly procedure: number
  readonly type: MessageType
  readonly serial: number
  readonly status: MessageStatus
}

export interface Frame extends Header {
  /** Everything after the header; a view into what was received. */
  readonly payload: Buffer
}

const typeNames = Object.keys(messageTypes) as MessageType[]
const statusNames = Object.keys(messageStatus) as MessageStatus[]
const minFrame = lengthWord + headerLength
const maxFrame = lengthWord + maxMessage

const noPayload = Buffer.alloc(0)

/** The whole message in one buffer, ready for one write. */
export function encodeFrame(header: Header, payload: Uint8Array = noPayload): Buffer {
  const length = minFrame + payload.length
  if (length > maxFrame) throw protocolFailure(`A message of ${length} bytes is longer than the ${maxFrame} that libvirt takes.`)
  const bytes = Buffer.allocUnsafe(length)
  bytes.writeUInt32BE(length, 0)
  bytes.writeUInt32BE(header.program, 4)
  bytes.writeUInt32BE(header.version, 8)
  bytes.writeInt32BE(header.procedure, 12)
  bytes.writeUInt32BE(messageTypes[header.type], 16)
  bytes.writeUInt32BE(header.serial, 20)
  bytes.writeUInt32BE(messageStatus[header.status], 24)
  bytes.set(payload, minFrame)
  return bytes
}

function decodeFrame(bytes: Buffer): Frame {
  const type = typeNames[bytes.readUInt32BE(16)]
  const status = statusNames[bytes.readUInt32BE(24)]
  if (!type || !status) {
    throw protocolFailure(
      'A message has an unknown type or status; this is not a libvirt daemon.',
      `type ${bytes.readUInt32BE(16)}, status ${bytes.readUInt32BE(24)}`,
    )
  }
  return {
    program: bytes.readUInt32BE(4),
    version: bytes.readUInt32BE(8),
    procedure: bytes.readInt32BE(12),
    type,
    serial: bytes.readUInt32BE(20),
    status,
    payload: bytes.subarray(minFrame),
  }
}

/**
 * Cuts a byte stream into frames, however it was chunked. A frame that came in one chunk is not copied; for one that came in many
 * a buffer grows by doubling up to the announced length, which was checked first. At most one unfinished frame is held.
 */
export class FrameReader {
  #held: Buffer = noPayload
  #length = 0
  #wanted = lengthWord

  /** Bytes of an unfinished frame that are being held. */
  get buffered(): number {
    return this.#length
  }

  /** Frames that `chunk` completed. Throws a `protocol` failure, after which the reader must not be used any more. */
  *push(chunk: Buffer): Generator<Frame, void, void> {
    let rest = chunk
    if (this.#length > 0) {
      this.#append(chunk)
      if (this.#length < this.#wanted) return
      rest = this.#held.subarray(0, this.#length)
    }
    for (;;) {
      if (rest.length < lengthWord) {
        this.#hold(rest, lengthWord)
        return
      }
      const length = rest.readUInt32BE(0)
      if (length < minFrame || length > maxFrame) {
        throw protocolFailure(
          'A message announces an impossible length; this is not a libvirt daemon, or something else wrote on its connection.',
          `${length} bytes, starting with ${rest
            .subarray(0, 32)
            .toString('latin1')
            .replace(/[^\x20-\x7e]/g, '.')}`,
        )
      }
      if (rest.length < length) {
        this.#hold(rest, length)
        return
      }
      // Nothing of what was held is needed from here on, whatever the consumer does.
      const frame = decodeFrame(rest.subarray(0, length))
      rest = rest.subarray(length)
      yield frame
    }
  }

  #hold(rest: Buffer, wanted: number): void {
    this.#held = rest
    this.#length = rest.length
    this.#wanted = wanted
  }

  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length
    if (length > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, Math.min(this.#wanted, 2 * length)))
      this.#held.copy(larger, 0, 0, this.#length)
      this.#held = larger
    }
    chunk.copy(this.#held, this.#length)
    this.#length = length
  }
}
