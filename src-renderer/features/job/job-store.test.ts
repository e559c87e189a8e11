import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test } from 'vitest'
import type { Job, JobState } from '../../../src-main/contract/job.ts'
import { endSentence, etaWord } from './job-words.ts'
import { useJobStore } from './job-store.ts'

beforeEach(() => setActivePinia(createPinia()))

const running: JobState = { state: 'running', phase: 'memory', cancellation: { can: 'yes', effect: '' }, isPastNoReturn: false, canSwitch: false, canRecover: false }
const succeeded: JobState = { state: 'succeeded', result: { totalMs: 12_000, downtimeMs: 80, guestGapMs: 42, bytes: 1, iterations: 3 } }

function job(id: string, state: JobState, over: Partial<Job> = {}): Job {
  const options: Job['plan']['options'] = {
    technique: 'precopy', hybridSwitch: { when: 'forecast' }, storage: 'none', disks: null, autoConverge: false, compression: 'none', parallelConnections: null,
    bandwidthMiBps: null, downtimeMs: null, tls: false, unsafe: false, migrationAddress: null, keepSource: false, driver: 'auto', eject: [], replicas: 2, depots: null, gatherMiBps: null,
  }
  return {
    id, kind: 'move', plan: { vm: { host: 'a', uuid: '1' }, destination: 'b', options }, vmName: 'web', sourceName: 'a', destinationName: 'b',
    createdAt: 0, startedAt: 0, endedAt: null, state, progress: 0.5, eta: null, driver: 'agent', ...over,
  }
}

test('the end of a job is told once, and only of jobs that were seen running', () => {
  const store = useJobStore()
  const ended: string[] = []
  store.onDidEnd((one) => ended.push(one.id))
  store.apply({ isSnapshot: true, jobs: [job('1', running), job('2', succeeded)] })
  store.apply({ isSnapshot: false, jobs: [job('1', succeeded)] })
  store.apply({ isSnapshot: false, jobs: [job('1', succeeded)] })
  expect(ended).toEqual(['1'])
  expect([store.active.length, store.ended.length]).toEqual([0, 2])
})

test('a job that ended while the connection was away is told by the next snapshot', () => {
  const store = useJobStore()
  const ended: string[] = []
  store.onDidEnd((one) => ended.push(one.id))
  store.apply({ isSnapshot: true, jobs: [job('1', running)] })
  store.apply({ isSnapshot: true, jobs: [job('1', succeeded)] })
  expect(ended).toEqual(['1'])
})

test('sentences give the guest’s own gap before QEMU’s figure', () => {
  const plain = (text: string) => text.replaceAll('\u00a0', ' ')
  expect(plain(endSentence(job('1', succeeded)))).toBe('Moved web from a to b in 12 s, standing still for 42 ms.')
  expect(plain(etaWord(job('1', running, { eta: [12, 18] })))).toBe('12–18 s left')
  expect(etaWord(job('1', running, { eta: 'not-converging' }))).toBe('Not converging')
})
