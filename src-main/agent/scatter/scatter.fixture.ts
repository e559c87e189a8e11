import { once } from 'node:events'
import { duplexPair, type Duplex } from 'node:stream'
import { Failure } from '../../base/failure.ts'
import { captures, type CaptureName } from '../stream/captures.fixture.ts'
import { commands } from '../stream/format.ts'
import { readDiscard } from '../stream/ram-discard.ts'
import { requestMessage, ReturnPathReader, shutMessage } from '../stream/return-path.ts'
import { StreamReader } from '../stream/stream-reader.ts'
import type { RamBlock, StreamRecord } from '../stream/stream-record.ts'
import { Depot } from './depot.ts'
import { ScatterGather } from './scatter-gather.ts'
import { ScatterSource } from './scatter-source.ts'
import { Sealer } from './seal.ts'

/** What a stream brings: the pages before the switch, those after it, and what was discarded between. */
export class Taken {
  readonly before = new Map<string, string>()
  readonly after = new Map<string, string>()
  readonly kinds: string[] = []
  /** Pages that came twice after the switch: UFFDIO_COPY fails on these, and the load with it. */
  twice = 0
  readonly reader = new StreamReader(this)

  record(record: StreamRecord): void {
    this.kinds.push(record.kind)
    if (record.kind !== 'command' || record.command !== commands.ramDiscard) return
    const { block, ranges } = readDiscard(record.data)
    for (const { start, length } of ranges) for (let at = start; at < start + length; at += 4096) this.before.delete(`${block}+${at}`)
  }
  page(block: RamBlock, offset: number, data: Buffer): void {
    this.#put(block, offset, data.toString('latin1'))
  }
  zero(block: RamBlock, offset: number, fill: number): void {
    this.#put(block, offset, `fill ${fill}`)
  }
  #put(block: RamBlock, offset: number, what: string): void {
    const key = `${block.name}+${offset}`
    if (!this.reader.isPostcopy) return void this.before.set(key, what)
    if (this.after.has(key)) this.twice += 1
    this.after.set(key, what)
  }
  /** The guest's memory as it is in the end. */
  get memory(): Map<string, string> {
    return new Map([...this.before, ...this.after])
  }
  static of(stream: Buffer): Taken {
    const taken = new Taken()
    taken.reader.push(stream)
    return taken
  }
}

/** A destination's QEMU: loads, asks for pages, says SHUT at the end and hangs up. */
export class LoadingQemu extends Taken {
  readonly end: Duplex
  hasShut = false
  constructor(end: Duplex, options: { readonly asksFor?: readonly { block: string; start: number }[]; readonly bytesPerTurn?: number } = {}) {
    super()
    this.end = end
    let hasAsked = false
    const load = (chunk: Buffer) => {
      this.reader.push(chunk)
      if (this.reader.isPostcopy && !hasAsked) {
        hasAsked = true
        for (const { block, start } of options.asksFor ?? []) end.write(requestMessage(block, start, 4096))
      }
      if (!this.reader.isComplete || this.hasShut) return
      this.hasShut = true
      end.write(shutMessage())
      end.end()
    }
    const { bytesPerTurn } = options
    if (bytesPerTurn === undefined) end.on('data', load)
    else void (async () => {
      for await (const chunk of end as AsyncIterable<Buffer>) {
        for (let at = 0; at < chunk.length; at += bytesPerTurn) {
          load(chunk.subarray(at, at + bytesPerTurn))
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
    })().catch(() => {})
  }
}

/** A source's QEMU that replays a capture and waits for SHUT; a connection that breaks in between is what must never happen. */
export class SendingQemu {
  readonly end: Duplex
  readonly asked: string[] = []
  shut = false
  broke = false
  readonly closed: Promise<unknown>
  sent = 0
  constructor(end: Duplex, stream: Buffer, chunks: readonly number[] = [50_000]) {
    this.end = end
    const closed = new Promise((resolve) => end.once('close', resolve))
    this.closed = closed
    const returns = new ReturnPathReader((message) => {
      if (message.kind === 'request') this.asked.push(`${message.block}+${message.start}`)
      if (message.kind !== 'shut') return
      this.shut = true
      end.end()
    })
    end.on('data', (chunk: Buffer) => returns.push(chunk))
    end.on('close', () => (this.broke = !this.shut))
    end.on('error', () => (this.broke = true))
    void (async () => {
      let at = 0
      for (let i = 0; at < stream.length && !end.destroyed; i++) {
        const piece = stream.subarray(at, at + (chunks[i % chunks.length] as number))
        at += piece.length
        this.sent = at
        if (!end.write(piece)) await Promise.race([once(end, 'drain').catch(() => {}), closed])
        else await new Promise((resolve) => setImmediate(resolve))
      }
    })()
  }
}

export interface RigOptions {
  readonly capture?: CaptureName
  readonly stream?: Buffer
  readonly chunks?: readonly number[]
  readonly depots?: number
  readonly room?: number
  readonly replicas?: number
  readonly asksFor?: readonly { block: string; start: number }[]
  readonly bytesPerTurn?: number
  /** Milliseconds that the destination waits for a source whose link broke; that source dials again then. */
  readonly waitsMs?: number
  readonly isMidway?: () => Promise<boolean>
  readonly gatherMiBps?: number
  /** Depots acknowledge nothing until `answer` is called: what they were given is with the source's agent alone. */
  readonly holdsAnswers?: boolean
  /** What a depot's answer becomes on its way. */
  readonly corrupt?: (index: number, bytes: Buffer) => Buffer
}

/** Both ends of a connection; one that breaks is seen to break at the other. */
function connection(): [Duplex, Duplex] {
  const [a, b] = duplexPair()
  a.once('close', () => a.writableFinished || b.destroy())
  b.once('close', () => b.writableFinished || a.destroy())
  return [a, b]
}

/** All roles of one move in one process. */
export function rig(options: RigOptions = {}) {
  const { depots: count = 3, replicas = 1, room = Infinity } = options
  const warnings: string[] = []
  const log = (level: string, text: string) => void (level === 'warning' && warnings.push(text))
  const sealer = new Sealer(Sealer.newSecret())
  const [sourceQemuEnd, sourceLeg] = connection()
  const [gatherLeg, gatherQemuEnd] = connection()
  const [toGather, fromSource] = connection()
  const made: Depot[] = []
  const answers = { isHeld: options.holdsAnswers === true, held: [] as (() => void)[] }
  const answer = () => {
    answers.isHeld = false
    for (const give of answers.held.splice(0)) give()
  }
  const depots = Array.from({ length: count }, (_, index) => {
    const [put, puts] = connection()
    const [get, gets] = connection()
    const depot: Depot = new Depot(room, async (bit) => {
      const [near, far] = connection()
      made[Math.log2(bit)]?.takePeer(far)
      return Promise.resolve(near)
    })
    made.push(depot)
    if (options.holdsAnswers === true) {
      const write = puts.write.bind(puts) as (bytes: Buffer) => boolean
      puts.write = ((bytes: Buffer) => (answers.isHeld ? answers.held.push(() => void write(bytes)) > 0 : write(bytes))) as typeof puts.write
    }
    depot.takeSource(puts)
    if (options.corrupt) {
      const write = gets.write.bind(gets) as (bytes: Buffer) => boolean
      gets.write = ((bytes: Buffer) => write(options.corrupt!(index, bytes))) as typeof gets.write
    }
    depot.takeGather(gets, () => {})
    let isKilled = false
    const redial = async () => {
      if (isKilled) throw new Failure('scatter-depot', 'Nothing is kept here.')
      if (cuts.isCut) throw new Failure('agent-tunnel-unreachable', 'The depot’s agent cannot be reached.')
      const [near, far] = connection()
      depot.takeGather(far, () => {})
      return Promise.resolve(near)
    }
    return { name: `depot-${index + 1}`, depot, put, get, redial, kill: () => void ((isKilled = true), [put, puts, get, gets].forEach((end) => end.destroy())) }
  })
  const links: Duplex[] = [toGather]
  const cuts = { isCut: false, dials: 0 }
  const dialGather = async () => {
    cuts.dials += 1
    if (cuts.isCut) throw new Failure('agent-tunnel-unreachable', 'The destination’s agent cannot be reached.')
    const [near, far] = connection()
    links.push(near)
    gather.takeSource(far)
    return Promise.resolve(near)
  }
  const source: ScatterSource = new ScatterSource(toGather, { depots: depots.map(({ name, put }) => ({ name, link: put })), replicas, sealer, log, ...(options.isMidway ? { isMidway: options.isMidway } : {}), ...(options.waitsMs === undefined ? {} : { redial: dialGather }) })
  const gather: ScatterGather = new ScatterGather(fromSource, gatherLeg, { depots: depots.map(({ name, get, redial }) => ({ name, link: get, redial })), sealer, gatherMiBps: options.gatherMiBps ?? null, log, ...(options.waitsMs === undefined ? {} : { waitsForSource: { usualMs: options.waitsMs, drainedMs: options.waitsMs } }) })
  const loading = new LoadingQemu(gatherQemuEnd, options)
  const stream = options.stream ?? captures[options.capture ?? 'postcopy72']
  const sending = new SendingQemu(sourceQemuEnd, stream, options.chunks)
  source.take(sourceLeg)
  return { source, gather, loading, sending, depots, warnings, stream, link: toGather, links, cuts, answer, ended: Promise.all([source.ended, gather.ended]) }
}
