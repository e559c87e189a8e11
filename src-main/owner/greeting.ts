import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { within } from '../base/abort.ts'
import { Failure } from '../base/failure.ts'
import type { Caller, Wire } from '../base/wire.ts'
import { problem } from '../contract/problem.ts'

/** The first message on the owner's socket. A `watch` only wants to hear when the owner goes; a `call` is followed by oRPC. */
const hello = z.object({ drover: z.literal(1), key: z.string(), version: z.string(), want: z.enum(['watch', 'call']), shell: z.enum(['electron', 'browser', 'cli']) })
const answer = z.discriminatedUnion('kind', [z.object({ kind: z.literal('welcome'), pid: z.number() }), z.object({ kind: z.literal('refused'), problem })])

export interface Visitor {
  readonly want: 'watch' | 'call'
  readonly caller: Caller
}

/** Milliseconds that either side waits for the other's first word. */
const patienceMs = 5000

function firstMessage(wire: Wire, signal?: AbortSignal): Promise<string> {
  const first = new Promise<string>((resolve, reject) => {
    let isFirst = true
    const listening = wire.onDidReceive((message) => {
      if (isFirst) resolve(String(message))
      isFirst = false
      queueMicrotask(() => listening.dispose())
    })
    wire.onDidClose(() => reject(new Failure('owner-gone', 'The Drover that holds this profile closed the connection.')))
  })
  return within(patienceMs, 'The greeting', first, signal)
}

/** Client: introduces itself. Rejects with `owner-silent`, `owner-gone`, `owner-other-version` or `owner-refused`; the wire is then closed. */
export async function greet(wire: Wire, key: string, version: string, visitor: Visitor, signal?: AbortSignal): Promise<void> {
  try {
    wire.send(JSON.stringify({ drover: 1, key, version, want: visitor.want, shell: visitor.caller.shell } satisfies z.infer<typeof hello>))
    const found = answer.parse(JSON.parse(await firstMessage(wire, signal)))
    if (found.kind === 'refused') {
      const { code, message, next } = found.problem
      throw new Failure(code, message, next === undefined ? {} : { next })
    }
  } catch (thrown) {
    wire.close()
    if (thrown instanceof Failure && thrown.code === 'deadline') {
      throw new Failure('owner-silent', 'Another Drover holds this profile and does not answer.', { next: 'Quit it, or choose another profile with --profile.', cause: thrown })
    }
    throw thrown
  }
}

/** Owner: hears who comes, and answers. Null when it was refused; the wire is then closed. */
export async function receive(wire: Wire, key: string, version: string): Promise<Visitor | null> {
  try {
    const said = hello.parse(JSON.parse(await firstMessage(wire)))
    const isKeyRight = said.key.length === key.length && timingSafeEqual(Buffer.from(said.key), Buffer.from(key))
    if (!isKeyRight) throw new Failure('owner-refused', 'The key of this profile was not presented.')
    if (said.version !== version) {
      throw new Failure('owner-other-version', `Drover ${version} is running with this profile, and this is Drover ${said.version}.`, { next: 'Quit the one that is running first.' })
    }
    wire.send(JSON.stringify({ kind: 'welcome', pid: process.pid } satisfies z.infer<typeof answer>))
    return { want: said.want, caller: { shell: said.shell } }
  } catch (thrown) {
    if (thrown instanceof Failure) {
      const { code, message, next } = thrown
      wire.send(JSON.stringify({ kind: 'refused', problem: { code, message, ...(next !== undefined && { next }) } } satisfies z.infer<typeof answer>))
    }
    wire.close()
    return null
  }
}
