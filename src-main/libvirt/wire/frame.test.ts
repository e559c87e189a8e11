import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Failure } from '../../base/failure.ts'
import {
  encodeFrame,
  FrameReader,
  messageStatus,
  messageTypes,
  type Frame,
  type Header,
  type MessageStatus,
  type MessageType,
} from './frame.ts'
import { encodeKeepalive, keepaliveKind } from './keepalive.ts'
import { maxMessage } from './limits.ts'

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })
const headers: fc.Arbitrary<Header> = fc.record(
  {
    program: uint32,
    version: uint32,
    procedure: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
    type: fc.constantFrom(...(Object.keys(messageTypes) as MessageType[])),
    serial: uint32,
    status: fc.constantFrom(...(Object.keys(messageStatus) as MessageStatus[])),
  },
  { noNullPrototype: true },
)
const frames = fc.record({ header: headers, payload: fc.uint8Array({ maxLength: 200 }) })

function* chunksOf(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

describe('FrameReader', () => {
  it('cuts the same frames however the stream was chunked', () => {
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (sent, sizes) => {
        const bytes = Buffer.concat(sent.map(({ header, payload }) => encodeFrame(header, payload)))
        const reader = new FrameReader()
        const received: Frame[] = []
        for (const chunk of chunksOf(bytes, sizes))
          for (const frame of reader.push(Buffer.from(chunk))) received.push({ ...frame, payload: Buffer.from(frame.payload) })
        expect(received).toEqual(sent.map(({ header, payload }) => ({ ...header, payload: Buffer.from(payload) })))
        expect(reader.buffered).toBe(0)
      }),
    )
  })

  it('holds no more than one unfinished frame, and says garbage is garbage', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 40 }), (chunks) => {
        const reader = new FrameReader()
        try {
          for (const chunk of chunks) Array.from(reader.push(Buffer.from(chunk)))
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Failure)
        }
        expect(reader.buffered).toBeLessThanOrEqual(maxMessage + 4)
      }),
    )
  })

  it.each([0, 3, 4, 27, maxMessage + 5, 0xffff_ffff])('refuses an announced length of %d at once', (length) => {
    const word = Buffer.alloc(4)
    word.writeUInt32BE(length)
    expect(() => Array.from(new FrameReader().push(word))).toThrow(expect.objectContaining({ code: 'protocol' }))
  })

  it('names what else may have answered', () => {
    expect(() => Array.from(new FrameReader().push(Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')))).toThrow(
      expect.objectContaining({ evidence: expect.stringContaining('SSH-2.0-OpenSSH') }),
    )
  })

  it('takes the largest message byte by byte in a time that grows with its length only', () => {
    const header: Header = { program: 1, version: 1, procedure: 1, type: 'reply', serial: 1, status: 'ok' }
    const bytes = encodeFrame(header, Buffer.alloc(maxMessage - 24, 7))
    const reader = new FrameReader()
    let frames = 0
    for (let at = 0; at < bytes.length; at += 1009)
      for (const frame of reader.push(bytes.subarray(at, at + 1009))) frames += frame.payload.length
    expect(frames).toBe(maxMessage - 24)
    expect(() => encodeFrame(header, Buffer.alloc(maxMessage - 23))).toThrow(expect.objectContaining({ code: 'protocol' }))
  })

  it('tells ping from pong', () => {
    const kinds = [encodeKeepalive('ping'), encodeKeepalive('pong')].map((bytes) =>
      Array.from(new FrameReader().push(bytes)).map(keepaliveKind),
    )
    expect(kinds).toEqual([['ping'], ['pong']])
  })
})
