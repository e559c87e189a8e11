import type { Problem } from '../../../src-main/contract/problem.ts'
import type { VmRef } from '../../../src-main/contract/vm.ts'
import type { Client } from '../../backend.ts'
import { problemOf } from '../settings/problem-of.ts'
import { fromBase64, toBase64 } from './base64.ts'

export type ConsoleKind = 'serial' | 'vnc'

export interface ConsoleEvents {
  /** The far side has opened it. Bytes may follow, or never. */
  onOpen(): void
  onData(bytes: Uint8Array<ArrayBuffer>): void
  /** It is over: null when the far side closed it, a problem when it failed. Not called after {@link ConsoleLine.close}. */
  onClose(problem: Problem | null): void
}

export interface ConsoleLine {
  /** Types bytes, in order; they are copied. Dropped once it is closed. */
  send(bytes: Uint8Array): void
  close(): void
}

/** One message of typing at most; a paste of megabytes goes in several, so that the connection stays free for others. */
const chunkBytes = 32 * 1024

/** Opens a console of a VM over the contract's pair of a stream and a call. Bytes are typed one call at a time, for calls side by side may overtake each other. */
export function openConsole(client: Pick<Client, 'vm'>, request: { vm: VmRef; kind: ConsoleKind; takeOver: boolean }, events: ConsoleEvents): ConsoleLine {
  const session = crypto.randomUUID()
  const closing = new AbortController()
  const { signal } = closing
  let waiting: Uint8Array[] = []
  let isTyping = false
  let isOpen = false

  function end(problem: Problem | null): void {
    if (signal.aborted) return
    closing.abort()
    events.onClose(problem)
  }

  async function listen(): Promise<void> {
    try {
      for await (const { data } of await client.vm.console({ ...request, session }, { signal })) {
        if (signal.aborted) return
        if (!isOpen) {
          isOpen = true
          events.onOpen()
          void type()
        }
        if (data !== '') events.onData(fromBase64(data))
      }
      end(null)
    } catch (thrown) {
      if (!signal.aborted) end(problemOf(thrown))
    }
  }

  async function type(): Promise<void> {
    if (isTyping || !isOpen) return
    isTyping = true
    try {
      while (waiting.length > 0 && !signal.aborted) await client.vm.type({ session, data: toBase64(nextChunk()) }, { signal })
    } catch (thrown) {
      const problem = problemOf(thrown)
      // A console that is closed says so in its stream as well, and that knows why.
      if (!signal.aborted && problem.code !== 'console-closed') end(problem)
    } finally {
      isTyping = false
    }
  }

  function nextChunk(): Uint8Array {
    const all = waiting.length === 1 ? (waiting[0] as Uint8Array) : joined(waiting)
    const rest = all.subarray(chunkBytes)
    waiting = rest.length > 0 ? [rest] : []
    return all.subarray(0, chunkBytes)
  }

  void listen()
  return {
    send(bytes) {
      if (signal.aborted || bytes.length === 0) return
      waiting.push(bytes.slice())
      void type()
    },
    close: () => closing.abort(),
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
