import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import { socketOf } from '../base/wire-socket.ts'
import type { Wire } from '../base/wire.ts'
import type { contract } from '../contract/contract.ts'
import type { Profile } from '../owner/profile.ts'

export type Client = ContractRouterClient<typeof contract>

/** What a command does with a value that it follows: goes on, or has what it wanted. */
export type Followed<T> = { readonly done: false } | { readonly done: true; readonly value: T }
export const onward: Followed<never> = { done: false }

/** One command's talk with whoever owns the profile, which may become somebody else meanwhile. */
export class Session {
  readonly #profile: Profile
  #open: { wire: Wire; client: Client; isClosed: boolean } | null = null

  constructor(profile: Profile) {
    this.#profile = profile
  }

  /** Whether this process runs the services itself: then it must not go before its moves have ended. */
  get isOwner(): boolean {
    return this.#profile.role.kind === 'owner'
  }

  /** Rejects with a Failure `owner-…`. */
  async client(signal?: AbortSignal): Promise<Client> {
    if (this.#open && !this.#open.isClosed) return this.#open.client
    const wire = await this.#profile.connect({ shell: 'cli' }, signal)
    const open = { wire, client: createORPCClient<Client>(new RPCLink({ websocket: socketOf(wire) })), isClosed: false }
    wire.onDidClose(() => (open.isClosed = true))
    this.#open = open
    return open.client
  }

  /** Reads a stream until `take` has what it wants; opens it anew where the owner of the profile went away meanwhile. Rejects with what the stream rejects with. */
  async follow<V, T>(open: (client: Client, signal: AbortSignal) => Promise<AsyncIterable<V>>, take: (value: V, client: Client) => Followed<T> | Promise<Followed<T>>, signal: AbortSignal): Promise<T> {
    for (;;) {
      signal.throwIfAborted()
      const client = await this.client(signal)
      const reading = new AbortController()
      const stop = () => reading.abort(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      try {
        for await (const value of await open(client, reading.signal)) {
          const taken = await take(value, client)
          if (taken.done) return taken.value
        }
      } catch (thrown) {
        signal.throwIfAborted()
        if (!this.#open?.isClosed) throw thrown
      } finally {
        signal.removeEventListener('abort', stop)
        reading.abort()
      }
      if (!this.#open?.isClosed) throw new Error('The stream ended.')
    }
  }

  close(): void {
    this.#open?.wire.close()
  }
}
