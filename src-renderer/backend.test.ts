import { implement } from '@orpc/server'
import { RPCHandler } from '@orpc/server/ws'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { settingsContract, type Settings } from '../src-main/contract/settings.ts'
import { BackendLost, createBackend, type Backend } from './backend.ts'
import { Refused, type Channel } from './backend/channel.ts'

const defaults: Settings = {
  theme: 'system',
  pollSeconds: 1,
  defaultTechnique: 'precopy',
  defaultBandwidthMiBps: null,
  defaultDowntimeMs: null,
  useAgent: true,
  agentPorts: [49216, 49279],
  allowedCommands: [],
  placementRules: [],
}

/** A server of the settings that can be cut off, over channels within this process. */
class Server {
  readonly channels: Channel[] = []
  dials = 0
  watching = 0
  refusal: Error | null = null
  /** A `get` does not answer until this resolves. */
  gate: Promise<void> = Promise.resolve()
  #end = () => {}

  readonly #handler = (() => {
    const os = implement(settingsContract)
    return new RPCHandler({
      settings: {
        get: os.get.handler(async () => {
          await this.gate
          return defaults
        }),
        watch: os.watch.handler(({ signal }) => this.#watch(signal)),
      },
    })
  })()

  async *#watch(signal: AbortSignal | undefined): AsyncGenerator<Settings> {
    this.watching++
    try {
      yield { ...defaults, pollSeconds: this.dials }
      await new Promise<void>((resolve) => {
        signal?.addEventListener('abort', () => resolve(), { once: true })
        this.#end = resolve
      })
    } finally {
      this.watching--
    }
  }

  /** Ends the stream of the latest watcher, as a far side does that has no more to say. */
  endWatch(): void {
    this.#end()
  }

  readonly dial = async (): Promise<Channel> => {
    this.dials++
    if (this.refusal) throw this.refusal
    const [here, there] = [new EventTarget(), new EventTarget()]
    let readyState: WebSocket['readyState'] = WebSocket.OPEN
    let end = () => {}
    const closed = new Promise<void>((resolve) => (end = resolve))
    const deliver = (to: EventTarget) => (data: unknown) => queueMicrotask(() => to.dispatchEvent(new MessageEvent('message', { data })))
    const channel: Channel = {
      addEventListener: here.addEventListener.bind(here),
      removeEventListener: here.removeEventListener.bind(here),
      send: deliver(there),
      get readyState() {
        return readyState
      },
      closed,
      close() {
        readyState = WebSocket.CLOSED
        here.dispatchEvent(new Event('close'))
        there.dispatchEvent(new Event('close'))
        end()
      },
    }
    void this.#handler.upgrade({ addEventListener: there.addEventListener.bind(there), send: deliver(here) } as unknown as Parameters<RPCHandler<Record<never, never>>['upgrade']>[0])
    this.channels.push(channel)
    return channel
  }

  cut(): void {
    this.channels.at(-1)?.close()
  }
}

let server: Server
let backend: Backend
beforeEach(() => {
  server = new Server()
})
afterEach(() => {
  backend.close()
  vi.useRealTimers()
})

function stateOf(kind: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = backend.onDidChangeState((state) => {
      if (state.kind !== kind) return
      resolve()
      queueMicrotask(() => stop())
    })
  })
}

test('a call that is made before the connection is there waits for it', async () => {
  backend = createBackend(server.dial)
  expect(backend.state.kind).toBe('connecting')
  expect(await backend.client.settings.get()).toEqual(defaults)
  expect(backend.state.kind).toBe('open')
})

test('a call that loses its connection fails as lost and is not repeated; the next one works', async () => {
  backend = createBackend(server.dial)
  await stateOf('open')
  let release = () => {}
  server.gate = new Promise((resolve) => (release = resolve))
  const call = backend.client.settings.get()
  await new Promise((resolve) => setImmediate(resolve))
  server.cut()
  await expect(call).rejects.toBeInstanceOf(BackendLost)
  release()
  expect(await backend.client.settings.get()).toEqual(defaults)
  expect(server.dials).toBe(2)
})

test('calls give up after five seconds without a connection, which is tried ever more slowly and at once when asked', async () => {
  vi.useFakeTimers()
  server.refusal = new Error('Drover does not answer.')
  backend = createBackend(server.dial)
  const call = expect(backend.client.settings.get()).rejects.toBeInstanceOf(BackendLost)
  await vi.advanceTimersByTimeAsync(5001)
  await call
  const early = server.dials
  expect(early).toBeLessThan(10)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(server.dials - early).toBeLessThanOrEqual(6)
  expect(backend.state).toMatchObject({ kind: 'lost', reason: 'Drover does not answer.' })
  server.refusal = null
  backend.reconnect()
  await vi.advanceTimersByTimeAsync(0)
  expect(backend.state.kind).toBe('open')
})

test('a refusal is final, and calls hear it at once', async () => {
  server.refusal = new Refused('This link was used before.')
  backend = createBackend(server.dial)
  await stateOf('refused')
  await expect(backend.client.settings.get()).rejects.toThrow('This link was used before.')
  expect(server.dials).toBe(1)
})

test('a watch comes back after a drop and after a restart, and ends when it is closed', async () => {
  backend = createBackend(server.dial)
  const values: number[] = []
  const drops: unknown[] = []
  let heard = () => {}
  const next = () => new Promise<void>((resolve) => (heard = resolve))
  const watch = backend.watch({
    open: (client, signal) => client.settings.watch(undefined, { signal }),
    onValue: ({ pollSeconds }) => {
      values.push(pollSeconds)
      heard()
    },
    onDrop: (thrown) => drops.push(thrown),
  })
  await next()
  expect(values).toEqual([1])
  server.cut()
  await next()
  expect(values).toEqual([1, 2])
  expect(drops).toHaveLength(1)
  watch.restart()
  await next()
  expect(values).toEqual([1, 2, 2])
  expect(drops).toHaveLength(1)
  await vi.waitFor(() => expect(server.watching).toBe(1))
  watch.close()
  await vi.waitFor(() => expect(server.watching).toBe(0))
})

test('a stream that the far side ends is not asked for again', async () => {
  backend = createBackend(server.dial)
  let values = 0
  await new Promise<void>((resolve) => {
    backend.watch({
      open: (client, signal) => client.settings.watch(undefined, { signal }),
      onValue: () => {
        values++
        setImmediate(() => server.endWatch())
      },
      onEnd: resolve,
    })
  })
  expect(values).toBe(1)
})

test('a closed backend leaves nothing behind', async () => {
  backend = createBackend(server.dial)
  await stateOf('open')
  backend.watch({ open: (client, signal) => client.settings.watch(undefined, { signal }), onValue: () => {} })
  await vi.waitFor(() => expect(server.watching).toBe(1))
  backend.close()
  await vi.waitFor(() => expect(server.watching).toBe(0))
  expect(server.dials).toBe(1)
})
