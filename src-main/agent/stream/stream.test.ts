import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Failure } from '../../base/failure.ts'
import { captures, type CaptureName } from './captures.fixture.ts'
import { commands } from './format.ts'
import { readDiscard } from './ram-discard.ts'
import { requestMessage, ReturnPathReader, shutMessage, type ReturnMessage } from './return-path.ts'
import { StreamReader } from './stream-reader.ts'
import type { RamBlock, StreamRecord, StreamSink } from './stream-record.ts'
import { StreamWriter } from './stream-writer.ts'

const streams = ['precopy72', 'postcopy72', 'postcopy100'] as const satisfies readonly CaptureName[]

/** Puts a stream together again, and remembers what it consists of. */
class Copy implements StreamSink {
  readonly pieces: Buffer[] = []
  readonly records: StreamRecord[] = []
  readonly pages = new Map<string, string>()
  readonly reader = new StreamReader(this)
  record(record: StreamRecord, bytes: Buffer): void {
    this.records.push(record)
    this.pieces.push(bytes)
  }
  page(block: RamBlock, offset: number, data: Buffer, word: Buffer): void {
    this.pieces.push(word, data)
    this.pages.set(`${block.name}+${offset}`, data.toString('latin1'))
  }
  zero(block: RamBlock, offset: number, fill: number, bytes: Buffer): void {
    this.pieces.push(bytes)
    this.pages.set(`${block.name}+${offset}`, String(fill))
  }
  read(stream: Buffer, chunks: readonly number[] = []): this {
    let at = 0
    for (let i = 0; at < stream.length; i++) {
      const length = chunks.length === 0 ? stream.length : (chunks[i % chunks.length] as number)
      this.reader.push(stream.subarray(at, at + length))
      at += length
    }
    this.reader.end()
    return this
  }
}

/** What comes out of a stream that was taken apart and written anew, pages first-hand. */
function rewritten(stream: Buffer): Buffer {
  const out: Buffer[] = []
  const writer = new StreamWriter((bytes) => out.push(bytes))
  const reader = new StreamReader({
    record(record, bytes) {
      writer.raw(bytes)
      if (record.kind === 'ram-part' || record.kind === 'ram-end' || record.kind === 'ram-start') writer.forgetBlock()
    },
    page: (block, offset, data) => writer.page(block, offset, data),
    zero: (block, offset, fill) => writer.zero(block, offset, fill),
  })
  reader.push(stream)
  writer.flush()
  return Buffer.concat(out)
}

function failureOf(act: () => void): Failure | null {
  try {
    act()
    return null
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown
    throw thrown
  }
}

describe('the stream of a real QEMU', () => {
  it.each(streams)('%s is read whole: every byte accounted for, every page in its block', (name) => {
    const copy = new Copy().read(captures[name])
    expect(Buffer.concat(copy.pieces).equals(captures[name])).toBe(true)
    expect(copy.reader.blocks.map((block) => block.name)).toContain('pc.ram')
    expect(copy.reader.blocks.find((block) => block.name === 'pc.ram')?.length).toBe(16 * 1024 * 1024)
    expect([...copy.pages.keys()].filter((key) => key.startsWith('pc.ram+'))).toHaveLength(4096)
    expect(copy.reader.isPostcopy).toBe(name !== 'precopy72')
    expect(copy.reader.isComplete).toBe(name !== 'precopy72')
  })

  it.each(streams)('%s is the same in whatever chunks it comes', (name) => {
    const whole = new Copy().read(captures[name])
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70_000 })), { minLength: 1, maxLength: 20 }), (chunks) => {
        // A stream byte by byte throughout would take the test's time for nothing.
        const copy = new Copy().read(captures[name], [...chunks, 20_000])
        expect(Buffer.concat(copy.pieces).equals(captures[name])).toBe(true)
        expect(copy.pages).toEqual(whole.pages)
      }),
      { numRuns: 15 },
    )
  })

  it.each(streams)('%s, written anew, brings the same pages', (name) => {
    const again = new Copy().read(rewritten(captures[name]))
    expect(again.pages).toEqual(new Copy().read(captures[name]).pages)
    expect(again.records.map((record) => record.kind).filter((kind) => kind !== 'tail' && kind !== 'packaged')).toEqual(
      new Copy().read(captures[name]).records.map((record) => record.kind).filter((kind) => kind !== 'tail' && kind !== 'packaged'),
    )
  })

  it.each(streams)('%s, with bytes flipped, never puts a page outside of its block, and never goes on after an error', (name) => {
    const sound = captures[name]
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: sound.length - 1 }), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 12 }), (flips) => {
        const bytes = Buffer.from(sound)
        for (const [at, bits] of flips) bytes[at] = (bytes[at] as number) ^ bits
        const copy = new Copy()
        const failure = failureOf(() => copy.read(bytes, [30_000]))
        if (failure) {
          expect(failure.code).toMatch(/^stream-(malformed|unsupported|cut)$/)
          expect(failure.evidence).toMatch(/at byte \d+$/)
        }
        for (const key of copy.pages.keys()) {
          const [block, offset] = key.split('+') as [string, string]
          expect(Number(offset) + 4096).toBeLessThanOrEqual(copy.reader.blocks.find((one) => one.name === block)?.length ?? 0)
        }
        if (failure) expect(failureOf(() => copy.reader.push(sound))).toBe(failure)
      }),
      { numRuns: 40 },
    )
  })

  it.each(['postcopy72', 'postcopy100'] as const)('%s, cut anywhere, is known to be cut', (name) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: captures[name].length - 1 }), (length) => {
        const copy = new Copy()
        const failure = failureOf(() => copy.read(captures[name].subarray(0, length), [50_000]))
        expect(failure?.code).toBe('stream-cut')
        expect(failureOf(() => copy.reader.push(captures[name]))).toBe(failure)
      }),
      { numRuns: 30 },
    )
  })

  it('a post-copy switches once, inside of one package, and discards what is stale before', () => {
    for (const name of ['postcopy72', 'postcopy100'] as const) {
      const { records } = new Copy().read(captures[name])
      const at = (command: number) => records.findIndex((record) => record.kind === 'command' && record.command === command)
      expect(at(commands.advise)).toBeGreaterThan(0)
      expect(at(commands.packaged)).toBeGreaterThan(at(commands.advise))
      expect(records.filter((record) => record.kind === 'packaged' && record.isLast)).toHaveLength(1)
      const discards = records.flatMap((record) => (record.kind === 'command' && record.command === commands.ramDiscard ? [readDiscard(record.data)] : []))
      expect(discards.map((discard) => discard.block)).toContain('pc.ram')
      expect(records.at(-1)?.kind).toBe('eof')
    }
  })
})

describe('what a relay cannot carry', () => {
  const start = (name: string, lead = 1) => {
    const bytes = Buffer.alloc(6 + name.length + 8)
    bytes[0] = lead
    bytes[5] = name.length
    bytes.write(name, 6, 'latin1')
    bytes.writeUInt32BE(4, bytes.length - 4)
    return bytes
  }
  const lead = captures.precopy72.subarray(0, 8)

  it.each([
    ['another section', start('dirty-bitmap'), 'stream-unsupported'],
    ['state ahead of the memory', start('virtio-mem', 4), 'stream-unsupported'],
    ['a memory format of the future', Buffer.concat([start('ram').subarray(0, -1), Buffer.from([5])]), 'stream-unsupported'],
    ['a compressed page', Buffer.concat([start('ram'), Buffer.from('0000000000000101', 'hex')]), 'stream-unsupported'],
    ['a page of no block', Buffer.concat([start('ram'), Buffer.from('000000000000002800', 'hex'), Buffer.alloc(4096)]), 'stream-malformed'],
    ['COLO', Buffer.from('0800080000', 'hex'), 'stream-unsupported'],
    ['a record that is none', Buffer.from([0x55]), 'stream-malformed'],
    ['an end before its time', Buffer.from([0]), 'stream-malformed'],
  ])('%s is refused where it stands', (_, bytes, code) => {
    const copy = new Copy()
    const failure = failureOf(() => copy.read(Buffer.concat([lead, bytes])))
    expect(failure?.code).toBe(code)
    expect(copy.pages.size).toBe(0)
  })

  it('a stream that is none says so at once', () => {
    expect(failureOf(() => new Copy().read(Buffer.from('GET / HTTP/1.1\r\n')))?.evidence).toBe('magic 0x47455420 at byte 0')
  })

  it('a huge page size is told from the next name, and from the next word', () => {
    const advise = Buffer.from('080003001000000000002010000000000000001000', 'hex')
    const block = (name: string, length: bigint, huge: bigint | null) => {
      const bytes = Buffer.alloc(1 + name.length + (huge === null ? 8 : 16))
      bytes[0] = name.length
      bytes.write(name, 1)
      bytes.writeBigUInt64BE(length, 1 + name.length)
      if (huge !== null) bytes.writeBigUInt64BE(huge, 9 + name.length)
      return bytes
    }
    const size = (total: bigint) => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigUInt64BE(total | 4n)
      return bytes
    }
    const eos = Buffer.from('0000000000000010', 'hex')
    const copy = new Copy()
    copy.reader.push(Buffer.concat([lead, advise, start('ram'), size(0x600000n), block('a', 0x400000n, 0x200000n), block('b', 0x100000n, null), block('c', 0x100000n, null), eos]))
    expect(copy.reader.blocks.map((one) => one.hostPageSize)).toEqual([0x200000, null, null])
    const last = new Copy()
    last.reader.push(Buffer.concat([lead, advise, start('ram'), size(0x500000n), block('b', 0x100000n, null), block('a', 0x400000n, 0x200000n), eos]))
    expect(last.reader.blocks.map((one) => one.hostPageSize)).toEqual([null, 0x200000])
    expect(last.records.at(-1)?.kind).toBe('ram-eos')
  })
})

describe('the return path', () => {
  const read = (bytes: Buffer, length = bytes.length): ReturnMessage[] => {
    const messages: ReturnMessage[] = []
    const reader = new ReturnPathReader((message) => messages.push(message))
    for (let at = 0; at < bytes.length; at += length) reader.push(bytes.subarray(at, at + length))
    return messages
  }

  it.each(['return72', 'return100'] as const)('%s of a real QEMU is read', (name) => {
    const messages = read(captures[name])
    expect(messages.at(-1)).toMatchObject({ kind: 'shut', value: 0 })
    expect(messages.filter((message) => message.kind === 'pong').length).toBeGreaterThan(0)
    expect(Buffer.concat(messages.map((message) => message.bytes)).equals(captures[name])).toBe(true)
    expect(read(captures[name], 1)).toEqual(messages)
  })

  it('says of every request which block it means, also of one that refers to the one before', () => {
    const bare = Buffer.from('0004000c000000000000200000001000', 'hex')
    expect(read(Buffer.concat([requestMessage('pc.ram', 0x1_0000_1000, 4096), bare, shutMessage()]))).toMatchObject([
      { kind: 'request', block: 'pc.ram', start: 0x1_0000_1000, length: 4096 },
      { kind: 'request', block: 'pc.ram', start: 0x2000, length: 4096 },
      { kind: 'shut', value: 0 },
    ])
    expect(failureOf(() => read(bare))?.code).toBe('stream-malformed')
  })

  it('refuses what it does not know', () => {
    expect(failureOf(() => read(Buffer.from('00630000', 'hex')))?.code).toBe('stream-unsupported')
    expect(failureOf(() => read(Buffer.from('0001ffff', 'hex')))?.code).toBe('stream-malformed')
  })
})
