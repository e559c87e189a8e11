import { createORPCClient, ORPCError } from '@orpc/client'
import { RPCLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import type { contract } from '../src-main/contract/contract.ts'
import { chooseDemo, chosenDemo } from './backend/demo-choice.ts'
import { dialPort } from './backend/port.ts'
import { dialSocket } from './backend/socket.ts'
import { Refused, type Channel, type Dial } from './backend/channel.ts'

export type Client = ContractRouterClient<typeof contract>

/** The connection between the window and the process that owns the profile. Times are milliseconds since the epoch. */
export type BackendState =
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'open'; readonly since: number }
  /** Dropped, or never made; tried again at `retryAt`. */
  | { readonly kind: 'lost'; readonly since: number; readonly retryAt: number; readonly reason: string }
  /** Will not come back by itself: the link was used or is too old, or the session ended with the server. */
  | { readonly kind: 'refused'; readonly reason: string }

/** Thrown by calls that were made while there was no connection, or lost it before the answer. Whether the call took effect is unknown. */
export class BackendLost extends Error {
  override readonly name = 'BackendLost'
}

export interface Watch {
  /** Throws away what is coming and subscribes afresh, for a gap in the sequence. */
  restart(): void
  close(): void
}

export interface WatchOptions<T> {
  /** Makes the subscription; called again after each reconnection. */
  open: (client: Client, signal: AbortSignal) => Promise<AsyncIterable<T>>
  onValue: (value: T) => void
  /** The connection went or the stream failed; a new subscription follows by itself. */
  onDrop?: (error: unknown) => void
  /** The far side ended the stream for good; nothing follows. */
  onEnd?: () => void
}

export interface Backend {
  /** Calls wait up to five seconds for a connection, then throw {@link BackendLost}. Never replaced: keep it. */
  readonly client: Client
  readonly state: BackendState
  /** Called at once with the present state, then with every change. Returns what ends it. */
  onDidChangeState(listener: (state: BackendState) => void): () => void
  /** A subscription that outlives drops of the connection. */
  watch<T>(options: WatchOptions<T>): Watch
  /** Tries again now instead of at `retryAt`. */
  reconnect(): void
  close(): void
}

interface Open {
  readonly channel: Channel
  readonly link: RPCLink<Record<never, never>>
  /** Ends the calls that wait for an answer. */
  readonly calls: Set<(lost: BackendLost) => void>
}

/** oRPC over a channel. What it says after the end (that a call was aborted, say) is dropped: it would throw where nobody can catch it. */
function linkOver(channel: Channel): RPCLink<Record<never, never>> {
  const websocket: Pick<Channel, 'addEventListener' | 'removeEventListener' | 'send' | 'readyState'> = {
    addEventListener: channel.addEventListener.bind(channel),
    removeEventListener: channel.removeEventListener.bind(channel),
    send: (data) => {
      if (channel.readyState === WebSocket.OPEN) channel.send(data)
    },
    readyState: WebSocket.OPEN,
  }
  return new RPCLink({ websocket })
}

const patienceMs = 5000
const backOffMs = [0, 200, 500, 1000, 2000, 5000]

let shared: Backend | undefined

/** The page's one connection; the second call answers the same. Picks the way by the page's own address. */
export function connectBackend(): Backend {
  shared ??= createBackend(location.protocol === 'drover:' ? dialPort : dialSocket, enterDemo)
  return shared
}

/** A window that is in a demo lab goes there before it asks anything else, so that nothing real is ever shown in its place. */
async function enterDemo(link: RPCLink<Record<never, never>>): Promise<void> {
  const lab = chosenDemo()
  if (lab === null) return
  try {
    await link.call(['demo', 'open'], { lab }, { context: {} })
  } catch (thrown) {
    // A lab that is not there any more: the window must not go on as if it were.
    if (!(thrown instanceof ORPCError)) throw thrown
    chooseDemo(null)
  }
}

/** A connection over any dial, for {@link connectBackend} and for tests. Starts dialling at once. `enter` is the first to use each new connection. */
export function createBackend(dial: Dial, enter: (link: RPCLink<Record<never, never>>) => Promise<void> = async () => {}): Backend {
  const listeners = new Set<(state: BackendState) => void>()
  const isClosed = new AbortController()
  let state: BackendState = { kind: 'connecting', attempt: 1 }
  let open: Open | undefined
  let hurry = () => {}

  function setState(next: BackendState) {
    state = next
    for (const listener of [...listeners]) listener(next)
  }

  function onDidChangeState(listener: (state: BackendState) => void): () => void {
    const entry = (value: BackendState) => listener(value)
    listeners.add(entry)
    entry(state)
    return () => void listeners.delete(entry)
  }

  async function run() {
    for (let failures = 0; !isClosed.signal.aborted; ) {
      let reason = 'The connection was closed.'
      try {
        setState({ kind: 'connecting', attempt: failures + 1 })
        const channel = await dial(isClosed.signal)
        const link = linkOver(channel)
        await Promise.race([enter(link), channel.closed.then(() => Promise.reject(new Error('The connection was closed.')))])
        const mine = (open = { channel, link, calls: new Set() })
        failures = 0
        setState({ kind: 'open', since: Date.now() })
        await channel.closed
        for (const fail of mine.calls) fail(new BackendLost('The connection was lost before the answer came.'))
      } catch (thrown) {
        reason = thrown instanceof Error ? thrown.message : String(thrown)
        if (thrown instanceof Refused) return setState({ kind: 'refused', reason })
      } finally {
        open = undefined
      }
      if (isClosed.signal.aborted) return
      failures++
      const waitMs = (backOffMs[Math.min(failures, backOffMs.length - 1)] ?? 0) * (0.8 + 0.4 * Math.random())
      setState({ kind: 'lost', since: Date.now(), retryAt: Date.now() + waitMs, reason })
      await new Promise<void>((resolve) => {
        hurry = resolve
        setTimeout(resolve, waitMs)
        isClosed.signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  /** Resolves when the state is open; rejects when it will not be, after `limitMs`, or with the signal. */
  function whenOpen(signal: AbortSignal | undefined, limitMs: number | null): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = limitMs === null ? undefined : setTimeout(() => settle(() => reject(new BackendLost('Drover is not connected.'))), limitMs)
      const onAbort = () => settle(() => reject(signal?.reason))
      const settle = (act: () => void) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        queueMicrotask(() => stop())
        act()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      if (signal?.aborted) onAbort()
      const stop = onDidChangeState((now) => {
        if (now.kind === 'open') settle(resolve)
        else if (now.kind === 'refused') settle(() => reject(new BackendLost(now.reason)))
      })
    })
  }

  const client: Client = createORPCClient({
    async call(path, input, options) {
      if (!open) await whenOpen(options.signal, patienceMs)
      const mine = open
      if (!mine) throw new BackendLost('Drover is not connected.')
      let lose: (lost: BackendLost) => void = () => {}
      const lost = new Promise<never>((_, reject) => mine.calls.add((lose = reject)))
      try {
        return await Promise.race([mine.link.call(path, input, { ...options, context: {} }), lost])
      } catch (thrown) {
        if (mine !== open && !options.signal?.aborted && !(thrown instanceof BackendLost)) throw new BackendLost('The connection was lost before the answer came.', { cause: thrown })
        throw thrown
      } finally {
        mine.calls.delete(lose)
      }
    },
  })

  function watch<T>(options: WatchOptions<T>): Watch {
    const closing = new AbortController()
    let round = new AbortController()
    void (async () => {
      for (let failures = 0; !closing.signal.aborted && !isClosed.signal.aborted; ) {
        round = new AbortController()
        const mine = round
        const signal = AbortSignal.any([closing.signal, isClosed.signal, mine.signal])
        try {
          await whenOpen(signal, null)
          for await (const value of await options.open(client, signal)) {
            failures = 0
            if (signal.aborted) break
            options.onValue(value)
          }
          if (!signal.aborted) return options.onEnd?.()
        } catch (thrown) {
          if (closing.signal.aborted || isClosed.signal.aborted) return
          if (mine.signal.aborted) continue
          options.onDrop?.(thrown)
          if (state.kind === 'refused') return
          // A stream that fails on a good connection is asked for again, ever more slowly.
          if (open) await new Promise((resolve) => setTimeout(resolve, backOffMs[Math.min(++failures, backOffMs.length - 1)]))
        }
      }
    })()
    return { restart: () => round.abort(), close: () => closing.abort() }
  }

  void run()
  return {
    client,
    get state() {
      return state
    },
    onDidChangeState,
    watch,
    reconnect: () => hurry(),
    close() {
      isClosed.abort()
      open?.channel.close()
    },
  }
}
