import { z } from 'zod'
import { Failure } from '../../base/failure.ts'
import { destinationRoute } from '../protocol/destination-route.ts'

/** Changes whenever an older peer would misunderstand. */
export const channelVersion = 2

/** What is said on a page channel. All integers are big-endian; a frame is u32 length of what follows the head, u8 kind, u8 zero, u16 stream, then its body. */
export const frames = {
  /** Destination, first: JSON {@link ChannelWelcome}. */
  welcome: 2,
  /** Source: a VM's stream begins; JSON {@link StreamOpening}. Answered by `opened` or `refused` of that stream (JSON {@link Refusal}). */
  open: 3,
  opened: 4,
  refused: 5,
  /** Source: a piece of a stream, see data.ts. */
  data: 16,
  /** Source: what VMs that run at the destination hold need not be looked for any longer; its VMs are about to change over. */
  enough: 19,
  /** Source: its QEMU has sent all. */
  end: 17,
  /** Either: the stream is given up; JSON {@link Refusal}. */
  abort: 18,
  /** Destination: bytes of QEMU's return path. */
  back: 32,
  /** Destination: its QEMU has hung up. */
  backEnd: 33,
  /** Destination: so many bytes of the stream (u32) are resolved and taken by QEMU since the last one. */
  ack: 34,
  /** Destination: reference number u32 of the stream cannot be resolved here; answered by `fill`. */
  need: 35,
  /** Source: u32 number of the reference, then the page. */
  fill: 36,
  /** Destination: likenesses (two words each) of pages that it has from VMs that run there; they are in its slots from {@link ChannelWelcome.slots} on, in the order in which they are told. */
  resident: 37,
  /** Source, to a host that holds pages: u16 number of the peer that wants them, then for each page u32 slot and its name. */
  forward: 48,
  /** Source: JSON {@link PeerReach}: another destination of the rack; the stream's place has the peer's number. */
  peer: 49,
  /** Host to host in a rack: the pages, one after the other. */
  rackPages: 50,
} as const

export const headBytes = 8
/** The longest body: a chunk of a stream with its table and names, or a batch of pages. */
export const longestBody = 4 * 1024 * 1024

const channelWelcome = z.object({
  version: z.number().int(),
  /** Slots that the destination grants. */
  slots: z.number().int().min(1),
  /** Slots beyond them, for pages of VMs that run there. */
  residents: z.number().int().min(0).max(2 ** 24),
  /** Bytes that a stream may have under way. */
  window: z.number().int().min(1),
})
export type ChannelWelcome = z.infer<typeof channelWelcome>

const streamOpening = z.object({
  /** Of the VM. */
  uuid: z.guid(),
  /** On loopback, where the destination's QEMU listens. */
  port: z.number().int().min(1).max(65_535),
})
export type StreamOpening = z.infer<typeof streamOpening>

const peerReach = z.object({ gang: z.string(), route: destinationRoute })
export type PeerReach = z.infer<typeof peerReach>

const refusal = z.object({ code: z.string(), sentence: z.string(), evidence: z.string().optional(), next: z.string().optional() })

const schemas = { welcome: channelWelcome, open: streamOpening, peer: peerReach, refusal }

/** A JSON body. Throws `pages-malformed`. */
export function parseBody<K extends keyof typeof schemas>(kind: K, body: Buffer): z.infer<(typeof schemas)[K]> {
  try {
    return schemas[kind].parse(JSON.parse(body.toString())) as z.infer<(typeof schemas)[K]>
  } catch (thrown) {
    throw new Failure('pages-malformed', 'The other agent says something that makes no sense.', { evidence: kind, cause: thrown })
  }
}

export function refusalOf(failure: Failure): z.infer<typeof refusal> {
  return { code: failure.code, sentence: failure.message, ...(failure.evidence === undefined ? {} : { evidence: failure.evidence }), ...(failure.next === undefined ? {} : { next: failure.next }) }
}

export function failureOf(body: Buffer): Failure {
  const { code, sentence, evidence, next } = parseBody('refusal', body)
  return new Failure(code, sentence, { ...(evidence === undefined ? {} : { evidence }), ...(next === undefined ? {} : { next }) })
}

/** A frame's head, in a buffer of its own with `room` bytes behind it. */
export function frameHead(kind: number, stream: number, bodyBytes: number, room = 0): Buffer {
  const head = Buffer.allocUnsafe(headBytes + room)
  head.writeUInt32BE(bodyBytes, 0)
  head.writeUInt16BE(kind << 8, 4)
  head.writeUInt16BE(stream, 6)
  return head
}

/** A whole frame with a small body. */
export function frameOf(kind: number, stream: number, body: Buffer | null = null): Buffer {
  const head = frameHead(kind, stream, body?.length ?? 0)
  return body ? Buffer.concat([head, body]) : head
}

export function jsonFrame(kind: number, stream: number, value: unknown): Buffer {
  return frameOf(kind, stream, Buffer.from(JSON.stringify(value)))
}

export function numberFrame(kind: number, stream: number, value: number): Buffer {
  const frame = frameHead(kind, stream, 4, 4)
  frame.writeUInt32BE(value, headBytes)
  return frame
}
