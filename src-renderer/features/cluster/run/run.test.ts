import { expect, test } from 'vitest'
import { planRequest } from '../../../../src-main/contract/plan.ts'
import type { Run, RunRow } from '../../../../src-main/contract/run.ts'
import { joined, noRunSamples } from './run-samples.ts'
import { countRows, runNote, runProgress, runWord } from './run-words.ts'

const plain = (text: string) => text.replaceAll('\u00a0', ' ')

function row(name: string, state: RunRow['state'], over: Partial<RunRow> = {}): RunRow {
  return {
    vm: { host: 'a', uuid: name }, name, destination: 'b', how: 'live', options: null, priority: 'normal', why: '', state, sourceName: 'a', destinationName: 'b',
    memoryKiB: 1024, vcpus: 1, startedAt: null, endedAt: null, progress: null, throughput: null, ...over,
  }
}

function run(rows: RunRow[], over: Partial<Run> = {}): Run {
  return {
    id: 'run-00001', request: planRequest.parse({ kind: 'evacuate', host: 'a' }), hostName: 'a', reason: '', who: 'ada', isMaintenance: true, createdAt: 0, endedAt: null, bringsBack: false,
    state: { state: 'running' }, perHost: 2, perLink: 2, bandwidthMiBps: null, rows, forecastSeconds: [50, 70], eta: [20, 30], ...over,
  }
}

const moved: RunRow['state'] = { state: 'moved', at: 1, job: 'j', seconds: 3, downtimeMs: 40 }

test('progress counts memory, and what stays counts for nothing', () => {
  const one = run([row('big', moved, { memoryKiB: 3072 }), row('small', { state: 'moving', since: 0, job: 'k' }, { progress: 0.5 }), row('stays', { state: 'stays', reason: 'pinned' }, { memoryKiB: 9999 })])
  expect(runProgress(one)).toBeCloseTo(3.5 / 4)
  expect(countRows(one)).toEqual({ moved: 1, busy: 1, waiting: 0, failed: 0, all: 2 })
  expect(plain(runNote(one))).toBe('1 of 2 VMs moved · 20–30 s left')
})

test('an end tells what it took against the forecast; a run that is only in part done does not say Done', () => {
  const failed: RunRow['state'] = { state: 'failed', at: 1, job: null, problem: { code: 'x', message: 'No.' }, whereabouts: null }
  const done = run([row('a', moved), row('b', failed)], { endedAt: 65_000, eta: null, state: { state: 'done', at: 65_000, isComplete: false, isCancelled: false, verdict: '', emptiness: null } })
  expect(plain(runNote(done))).toBe('1 of 2 VMs moved · 1 failed · took 1 min 05 s, forecast 50–70 s')
  expect(runWord(done)).toBe('Done in part')
})

test('samples stay as long as their time, also when a link comes later', () => {
  const first = joined(noRunSamples(), { t: [1, 2], hosts: [{ host: 'a', memory: [5, 4] }], links: [] })
  const both = joined(first, { t: [3], hosts: [{ host: 'a', memory: [3] }, { host: 'b', memory: [1] }], links: [{ source: 'a', destination: 'b', throughput: [9] }] })
  expect(both).toEqual({ t: [1, 2, 3], hosts: [{ host: 'a', memory: [5, 4, 3] }, { host: 'b', memory: [0, 0, 1] }], links: [{ source: 'a', destination: 'b', throughput: [0, 0, 9] }] })
})
