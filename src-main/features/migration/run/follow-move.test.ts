import { expect, test } from 'vitest'
import { moveOptions } from '../../../contract/migration.ts'
import { Emitter } from '../../../base/event.ts'
import type { MoveHandle } from '../../../agent/conductor/move-handle.ts'
import type { MoveEvent, MoveHappening, MoveOutcome } from '../../../agent/protocol/move-event.ts'
import { OpenJob } from '../../job/open-job.ts'
import { followMove } from './follow-move.ts'

/** Says what a conductor would, in an order that is hard to stage with a real one. */
function script(): { handle: MoveHandle; say: (happening: MoveHappening, t?: number) => void; end: (outcome: MoveOutcome) => void } {
  const happened = new Emitter<MoveEvent>()
  let settle: (outcome: MoveOutcome) => void = () => {}
  let seq = 0
  const refuse = () => Promise.reject(new Error('not in this script'))
  return {
    handle: { job: 'job-00000001', onDidHappen: happened.event, ended: new Promise((resolve) => (settle = resolve)), cancel: refuse, setLimits: refuse, switchToPostcopy: refuse, recover: refuse },
    say: (happening, t = 1000 + seq) => happened.fire({ seq: ++seq, t, ...happening }),
    end: (outcome) => settle(outcome),
  }
}

function openJob(): OpenJob {
  const plan = { vm: { host: 'a', uuid: 'u' }, destination: 'b', options: moveOptions.parse({ technique: 'hybrid' }) }
  return new OpenJob({
    id: 'job-00000001', kind: 'move', plan, vmName: 'web', sourceName: 'alpha', destinationName: 'beta', createdAt: 0, startedAt: null, endedAt: null,
    state: { state: 'queued', reason: '' }, progress: null, eta: null, driver: 'agent',
  })
}

const started: MoveHappening = { kind: 'started', vm: { name: 'web', uuid: 'u' }, technique: 'hybrid', driver: 'agent', flags: 0x8001 }
const sample = (phase: 'memory' | 'postcopy', remaining: number): MoveHappening => ({
  kind: 'sample',
  sample: {
    phase, memoryTotal: 100, memoryRemaining: remaining, memoryTransferred: 100 - remaining, throughput: 10, dirtyRate: null, iteration: 1, throttle: 0,
    diskTotal: 0, diskTransferred: 0, postcopyRequests: 0, blocktimeMs: null, expectedDowntimeMs: null,
  },
})

test('what the driver tells becomes the job’s state, samples and log, and the bar does not fall', async () => {
  const { handle, say, end } = script()
  const job = openJob()
  const intents: string[] = []
  const outcome = followMove(job, handle, { onIntent: (intent) => intents.push(intent) })
  say(started)
  say({ kind: 'controls', controls: { cancellation: { can: 'yes', effect: 'It stays.' }, isPastNoReturn: false, canSwitch: true, canRecover: false } })
  say({ kind: 'phase', phase: 'memory' })
  say(sample('memory', 20))
  const before = job.view.progress!
  say(sample('memory', 60))
  expect(job.view.progress).toBe(before)
  expect(job.view.state).toMatchObject({ state: 'running', phase: 'memory', canSwitch: true, cancellation: { can: 'yes' } })
  say({ kind: 'intent', intent: 'switch' })
  say({ kind: 'no-return', state: 'announced', consequence: 'Losing a host loses the VM.' })
  expect(job.view.state).toMatchObject({ isPastNoReturn: false })
  say({ kind: 'no-return', state: 'crossed', consequence: '' })
  say({ kind: 'phase', phase: 'postcopy' })
  say({ kind: 'recovering', state: 'waiting', reason: 'The network is gone.' })
  expect(job.view.state).toMatchObject({ phase: 'recovering', isPastNoReturn: true })
  say({ kind: 'recovering', state: 'resumed', reason: 'It is back.' })
  say({ kind: 'phase', phase: 'memory' })
  expect(job.view.state).toMatchObject({ phase: 'postcopy' })
  end({ kind: 'succeeded', figures: { totalMs: 1, downtimeMs: 1, bytes: 1, iterations: 1, finishMs: 1 } })
  expect(await outcome).toMatchObject({ kind: 'succeeded' })
  expect(intents).toEqual(['switch'])
  expect(job.samples.size).toBe(2)
  expect(job.log.map(({ level }) => level)).toEqual(['info', 'warning', 'warning', 'warning', 'info'])
})

test('after a restart the past sets the state again and is not told twice', async () => {
  const { handle, say, end } = script()
  const job = openJob()
  job.doubt({ code: 'driver-unknown', message: '' }, null)
  const outcome = followMove(job, handle, { knownUntil: 5000 })
  say(started, 4000)
  say({ kind: 'phase', phase: 'memory' }, 4100)
  say({ kind: 'log', level: 'info', text: 'old' }, 4200)
  say({ kind: 'log', level: 'info', text: 'new' }, 5200)
  expect(job.view.state).toMatchObject({ state: 'running', phase: 'memory' })
  expect(job.log.map(({ text }) => text)).toEqual(['new'])
  end({ kind: 'lost', failure: { code: 'agent-lost', sentence: 'Gone.' } })
  expect(await outcome).toMatchObject({ kind: 'lost' })
})

const counted = (backlog: number | null, toQemu: number, sourceFreeAt: number | null): MoveHappening => ({
  kind: 'pages',
  pages: {
    classes: { unique: 20, inVm: 0, acrossVms: 0, alreadyThere: 0, zero: 4 }, bytes: { fromQemu: 81_920, core: 90_000, rack: 10, toQemu },
    depots: [{ name: 'delta', pages: 20, bytes: 81_920, state: 'up' }], backlog, faults: { direct: 1, depot: 2, waiting: 0 }, sourceFreeAt, mayPowerOff: false,
  },
})

test('of a move through agents the bar follows the destination, and the source’s clock is reckoned by the driver’s own', async () => {
  const { handle, say, end } = script()
  const job = openJob()
  const outcome = followMove(job, handle)
  say(started, 10_000)
  say({ kind: 'phase', phase: 'postcopy' }, 10_100)
  say(counted(20, 0, null), 10_200)
  // QEMU at the source has sent everything; twenty pages lie in depots.
  say({ ...sample('postcopy', 0), sample: { ...(sample('postcopy', 0) as Extract<MoveHappening, { kind: 'sample' }>).sample, memoryTotal: 40 * 4096 } } as MoveHappening, 10_300)
  const held = job.view.progress!
  expect(held).toBeLessThan(0.6)
  say(counted(10, 40_960, 10_900), 10_800)
  expect(job.view.pages).toMatchObject({ sourceFreeMs: 900, backlog: 10, depots: [{ name: 'delta' }] })
  expect(job.view.progress!).toBeGreaterThan(held)
  expect(job.samples.last).toMatchObject({ t: 10_800, pages: { backlog: 10, depots: [81_920], faults: { depot: 2 } } })
  end({ kind: 'succeeded', figures: { totalMs: 1, downtimeMs: 1, bytes: 1, iterations: 1, finishMs: 1 } })
  await outcome
})
