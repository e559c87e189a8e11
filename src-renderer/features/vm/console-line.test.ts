import { ORPCError } from '@orpc/client'
import { expect, test, vi } from 'vitest'
import type { Problem } from '../../../src-main/contract/problem.ts'
import type { Client } from '../../backend.ts'
import { fromBase64, toBase64 } from './base64.ts'
import { openConsole } from './console-line.ts'

const vm = { host: 'a', uuid: '1' }
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (data: Uint8Array) => new TextDecoder().decode(data)

/** The far side of the contract's two procedures, driven by hand. */
function farSide(over: { type?: (data: string) => Promise<void> } = {}) {
  let push: (data: string | null | Error) => void = () => {}
  const typed: string[] = []
  const said: (string | null | Error)[] = []
  push = (data) => void (said.push(data), wake())
  let wake = () => {}
  const client = {
    vm: {
      async console(_request: unknown, { signal }: { signal: AbortSignal }) {
        return (async function* () {
          signal.addEventListener('abort', () => wake())
          for (;;) {
            while (said.length === 0 && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
            signal.throwIfAborted()
            const next = said.shift() ?? null
            if (next instanceof Error) throw next
            if (next === null) return
            yield { data: next }
          }
        })()
      },
      async type({ data }: { data: string }) {
        await over.type?.(data)
        typed.push(text(fromBase64(data)))
      },
    },
  } as unknown as Pick<Client, 'vm'>
  return { client, typed, push: (data: string | null | Error) => push(data) }
}

function listener() {
  const seen: string[] = []
  return {
    seen,
    events: {
      onOpen: () => void seen.push('open'),
      onData: (data: Uint8Array) => void seen.push(text(data)),
      onClose: (problem: Problem | null) => void seen.push(`closed ${problem?.code ?? 'by the far side'}`),
    },
  }
}

test('bytes come as they are, and the first message opens it even when it is empty', async () => {
  const far = farSide()
  const { seen, events } = listener()
  openConsole(far.client, { vm, kind: 'serial', takeOver: false }, events)
  far.push('')
  far.push(toBase64(bytes('login: ')))
  far.push(null)
  await vi.waitFor(() => expect(seen).toEqual(['open', 'login: ', 'closed by the far side']))
})

test('what is typed before it is open, or while a call is under way, is sent in order and together', async () => {
  let release = () => {}
  const far = farSide({ type: (data) => (data === toBase64(bytes('ab')) ? new Promise<void>((resolve) => (release = resolve)) : Promise.resolve()) })
  const { seen, events } = listener()
  const line = openConsole(far.client, { vm, kind: 'serial', takeOver: false }, events)
  const reused = bytes('a')
  line.send(reused)
  reused[0] = 0
  line.send(bytes('b'))
  far.push('')
  await vi.waitFor(() => expect(seen).toEqual(['open']))
  line.send(bytes('c'))
  line.send(bytes('d'))
  expect(far.typed).toEqual([])
  release()
  await vi.waitFor(() => expect(far.typed).toEqual(['ab', 'cd']))
  line.close()
})

test('a long paste goes in pieces and arrives whole', async () => {
  const far = farSide()
  const line = openConsole(far.client, { vm, kind: 'vnc', takeOver: false }, listener().events)
  far.push('')
  const long = 'x'.repeat(100_000)
  line.send(bytes(long))
  await vi.waitFor(() => expect(far.typed.join('')).toBe(long))
  expect(far.typed.length).toBe(4)
  line.close()
})

test('a failure is told once, and closing tells nothing', async () => {
  const far = farSide()
  const { seen, events } = listener()
  openConsole(far.client, { vm, kind: 'serial', takeOver: false }, events)
  far.push(new ORPCError('PROBLEM', { status: 422, data: { code: 'console-busy', message: 'Somebody else has this console open.' } }))
  await vi.waitFor(() => expect(seen).toEqual(['closed console-busy']))

  const other = listener()
  const line = openConsole(farSide().client, { vm, kind: 'serial', takeOver: false }, other.events)
  line.close()
  await Promise.resolve()
  expect(other.seen).toEqual([])
})
