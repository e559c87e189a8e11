import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Failure } from '../base/failure.ts'
import { Emitter } from '../base/event.ts'
import { LocalTransport } from './local.ts'
import { Reconnector, type ConnectionState } from './reconnect.ts'
import type { Transport, TransportState } from './transport.ts'

const pacing = { firstDelayMs: 1000, longestDelayMs: 8000, stableMs: 5000 }
const refused = () => new Failure('host-unreachable', 'No answer.')

/** A local transport whose loss can be staged. */
class Losable extends LocalTransport {
  readonly #lost = new Emitter<TransportState>()
  override readonly onDidChangeState = this.#lost.event
  lose(failure: Failure | null = new Failure('ssh-connection-lost', 'Gone.')): void {
    super.close()
    this.#lost.fire({ kind: 'closed', failure })
  }
  get listeners(): number {
    return this.#lost.listenerCount
  }
}

let opened: (Losable | Failure)[]
let signals: AbortSignal[]
let reconnector: Reconnector
let seen: ConnectionState[]

function make(outcomes: (() => Losable | Failure)[]): void {
  opened = []
  signals = []
  seen = []
  reconnector = new Reconnector(
    async ({ signal, report }): Promise<Transport> => {
      signals.push(signal)
      report('step')
      const outcome = outcomes.shift()?.() ?? refused()
      opened.push(outcome)
      if (outcome instanceof Failure) throw outcome
      return outcome
    },
    { pacing, random: () => 1 },
  )
  reconnector.onDidChangeState((state) => seen.push(state))
}
const flush = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  reconnector.dispose()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

test('waits longer after each failure, up to the longest, and starts over once open for long enough', async () => {
  make([refused, refused, refused, refused, refused, () => new Losable()])
  reconnector.start()
  const waits: number[] = []
  for (let n = 0; n < 5; n++) {
    await flush()
    if (reconnector.state.kind !== 'waiting') throw new Error(reconnector.state.kind)
    waits.push(reconnector.state.retryAt - Date.now())
    await vi.advanceTimersByTimeAsync(waits.at(-1)!)
  }
  expect(waits).toEqual([1000, 2000, 4000, 8000, 8000])
  await flush()
  expect(reconnector.state.kind).toBe('open')
  expect(seen.filter((state) => state.kind === 'connecting' && state.step === 'step')).toHaveLength(6)
  await vi.advanceTimersByTimeAsync(6000)
  ;(opened.at(-1) as Losable).lose()
  expect(reconnector.state).toMatchObject({ kind: 'connecting', attempt: 1 })
  await flush()
})

test('a connection that is lost at once counts as a failed attempt', async () => {
  make([() => new Losable(), () => new Losable()])
  reconnector.start()
  await flush()
  ;(opened[0] as Losable).lose()
  expect(reconnector.state).toMatchObject({ kind: 'waiting', attempt: 1, failure: { code: 'ssh-connection-lost' } })
  await vi.advanceTimersByTimeAsync(1000)
  ;(opened[1] as Losable).lose()
  expect(reconnector.state).toMatchObject({ kind: 'waiting', attempt: 2 })
  expect((opened[0] as Losable).listeners).toBe(0)
})

test.each(['ssh-auth-refused', 'host-key-changed', 'prompt-dismissed', 'host-key-revoked'])('%s rests until a human asks again', async (code) => {
  make([() => new Failure(code, 'No.'), () => new Losable()])
  reconnector.start()
  await expect(reconnector.whenOpen()).rejects.toMatchObject({ code })
  expect(reconnector.state.kind).toBe('needs-human')
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(opened).toHaveLength(1)
  reconnector.retryNow()
  expect(await reconnector.whenOpen()).toBe(opened[1])
})

test('retryNow cuts the wait short', async () => {
  make([refused, () => new Losable()])
  reconnector.start()
  await flush()
  expect(reconnector.state.kind).toBe('waiting')
  reconnector.retryNow()
  await flush()
  expect(reconnector.transport).toBe(opened[1])
})

test('stop aborts an attempt, and a transport that opens too late is closed', async () => {
  const late = new Losable()
  make([() => late])
  reconnector.start()
  reconnector.stop()
  await flush()
  expect(signals.every((signal) => signal.aborted)).toBe(true)
  expect(late.state.kind).toBe(signals.length === 0 ? 'open' : 'closed')
  expect(reconnector.state.kind).toBe('stopped')
  await expect(reconnector.whenOpen()).rejects.toMatchObject({ code: 'transport-closed' })
})

test('dispose closes the open transport and lets go of it', async () => {
  make([() => new Losable()])
  reconnector.start()
  const transport = (await reconnector.whenOpen()) as Losable
  reconnector.dispose()
  expect(transport.state.kind).toBe('closed')
  expect(transport.listeners).toBe(0)
  reconnector.retryNow()
  expect(reconnector.state.kind).toBe('stopped')
})
