import { PassThrough, Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { LineChannel } from './line-channel.ts'
import { moveEvent, type MoveHappening } from './move-event.ts'

/** On a machine that may be busy. */
const soon = <T>(probe: () => T) => expect.poll(probe, { timeout: 20_000 })

const failure = { code: 'libvirt', sentence: 'no', libvirt: { code: 38, domain: 10, text: 'no' }, step: 'perform', side: 'source' } as const
const happenings: MoveHappening[] = [
  { kind: 'started', vm: { name: 'a', uuid: 'b' }, technique: 'hybrid', driver: 'app', flags: 3 },
  { kind: 'step', step: 'begin', state: 'started' },
  { kind: 'step', step: 'begin', state: 'done', ms: 3 },
  { kind: 'step', step: 'perform', state: 'failed', ms: 3, failure },
  { kind: 'phase', phase: 'recovering' },
  { kind: 'controls', controls: { cancellation: { can: 'no', reason: 'x' }, isPastNoReturn: true, canSwitch: false, canRecover: true } },
  { kind: 'intent', intent: 'perform-finish' },
  { kind: 'no-return', state: 'announced', consequence: 'x' },
  { kind: 'limits', limits: { bandwidthMiBps: 1, postcopyBandwidthMiBps: null, downtimeMs: 5 } },
  { kind: 'recovering', state: 'waiting', reason: 'x' },
  { kind: 'ended', outcome: { kind: 'failed', failure, whereabouts: { source: 'running', destination: 'absent', verdict: 'x', steps: [] } } },
  { kind: 'ended', outcome: { kind: 'succeeded', figures: { totalMs: 1, downtimeMs: 1, bytes: 1, iterations: 1, finishMs: 1 } } },
]

test.each(happenings.map((happening) => [happening.kind, happening] as const))('%s survives the wire', (_, happening) => {
  const event = { ...happening, seq: 1, t: 5 }
  expect(moveEvent.parse(JSON.parse(JSON.stringify(event)))).toEqual(event)
})

function pair() {
  const there = new PassThrough()
  const back = new PassThrough()
  const channel = new LineChannel(Duplex.from({ readable: there, writable: back }))
  const received: unknown[] = []
  channel.onDidReceive((message) => received.push(message))
  return { there, back, channel, received }
}

test('lines arrive whole, however they were cut, multi-byte characters included', async () => {
  const { there, received } = pair()
  const bytes = Buffer.from('{"a":"größer 猫"}\n\n{"b":1}\n')
  for (const byte of bytes) there.write(Buffer.from([byte]))
  await soon(() => received).toEqual([{ a: 'größer 猫' }, { b: 1 }])
})

test('what is no JSON, and a line without end, end the channel with a reason', async () => {
  const first = pair()
  first.there.write('hello\n')
  expect(await first.channel.closed).toMatchObject({ code: 'agent-garbage', evidence: 'hello' })
  const second = pair()
  const chunk = 'x'.repeat(1024 * 1024)
  for (let i = 0; i < 9; i++) second.there.write(chunk)
  expect(await second.channel.closed).toMatchObject({ code: 'agent-garbage' })
})

test('an orderly end has no failure', async () => {
  const { there, channel } = pair()
  there.end()
  expect(await channel.closed).toBeNull()
})
