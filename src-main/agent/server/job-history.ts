import { closeSync, fsyncSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { Emitter } from '../../base/event.ts'
import { messageOf } from '../../base/failure.ts'
import { moveEvent, type MoveEvent } from '../protocol/move-event.ts'
import type { JobSummary } from '../protocol/message.ts'
import type { AgentLog } from './agent-log.ts'

/** Samples kept at full rate: ten minutes at 10 Hz. Beyond it one a second is kept. */
const fullRateSamples = 6000
const sparseMs = 1000

/**
 * All events of one job, in memory for whoever attaches and in a file of mode 0600 that outlives the agent, until the job is forgotten.
 * There is no secret in an event.
 */
export class JobHistory {
  readonly job: string
  readonly #path: string
  readonly #log: AgentLog
  readonly #appended = new Emitter<void>()
  readonly #events: MoveEvent[] = []
  #file: number | null = null
  #isTorn = false
  #samples = 0
  #lastSampleAt = 0

  /** Fires when there is more to send. */
  readonly onDidAppend = this.#appended.event

  constructor(job: string, path: string, log: AgentLog) {
    this.job = job
    this.#path = path
    this.#log = log
  }

  /** Reads what an earlier agent wrote. A driver that went without a last word is given one: `lost`. Null where the file makes no sense. */
  static load(job: string, path: string, log: AgentLog): JobHistory | null {
    const history = new JobHistory(job, path, log)
    try {
      const text = readFileSync(path, 'utf8')
      // The last line may be torn: the agent was killed in the middle of it.
      history.#isTorn = !text.endsWith('\n')
      for (const line of text.split('\n')) {
        const parsed = line === '' ? null : moveEvent.safeParse(parseOr(line))
        if (parsed?.success) history.#events.push(parsed.data as MoveEvent)
      }
    } catch (thrown) {
      log('warning', `history ${job}: ${messageOf(thrown)}`)
      return null
    }
    const last = history.#events.at(-1)
    if (!last) return null
    if (last.kind !== 'ended') {
      history.append({
        seq: last.seq + 1,
        t: Date.now(),
        kind: 'ended',
        outcome: { kind: 'lost', failure: { code: 'agent-lost', sentence: 'The agent that drove the move was ended in the middle of it.', next: 'Ask both hosts where the VM is.' } },
      })
    }
    history.close()
    return history
  }

  append(event: MoveEvent): void {
    if (event.kind === 'sample') {
      this.#samples += 1
      if (this.#samples > fullRateSamples && event.t - this.#lastSampleAt < sparseMs) return
      this.#lastSampleAt = event.t
    }
    this.#events.push(event)
    this.#write(event)
    if (event.kind === 'ended') this.close()
    this.#appended.fire()
  }

  /** Appends, and has it on the disk before it returns, where the disk takes it. */
  commit(event: MoveEvent): void {
    this.append(event)
    try {
      if (this.#file !== null) fsyncSync(this.#file)
    } catch (thrown) {
      this.#log('warning', `history ${this.job}: ${messageOf(thrown)}`)
    }
  }

  /** The place in the list of the first event after number `seq`, for {@link at}. */
  indexAfter(seq: number): number {
    let low = 0
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#events[middle]?.seq ?? 0) > seq) high = middle
      else low = middle + 1
    }
    return low
  }

  at(index: number): MoveEvent | undefined {
    return this.#events[index]
  }

  summary(): JobSummary {
    const first = this.#events[0]
    const last = this.#events.at(-1)
    const isEnded = last?.kind === 'ended'
    const started = this.#events.find((event) => event.kind === 'started')
    const controls = this.#events.findLast((event) => event.kind === 'controls')
    return {
      job: this.job,
      vm: started ? started.vm : { name: '', uuid: '' },
      state: isEnded ? 'ended' : 'running',
      isPastNoReturn: controls?.controls.isPastNoReturn ?? false,
      lastSeq: last?.seq ?? 0,
      startedAt: first?.t ?? 0,
      endedAt: isEnded ? last.t : null,
    }
  }

  /** Closes the file; the history stays. */
  close(): void {
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }

  /** Removes the file as well. */
  forget(): void {
    this.close()
    this.#appended.dispose()
    try {
      unlinkSync(this.#path)
    } catch {
      // It could not be written either.
    }
  }

  #write(event: MoveEvent): void {
    try {
      this.#file ??= openSync(this.#path, 'a', 0o600)
      if (this.#isTorn) writeSync(this.#file, '\n')
      this.#isTorn = false
      writeSync(this.#file, `${JSON.stringify(event)}\n`)
    } catch (thrown) {
      // A full disk must not end a move; the events stay in memory.
      this.#log('warning', `history ${this.job}: ${messageOf(thrown)}`)
    }
  }
}

function parseOr(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
