import { expect, test } from 'vitest'
import type { Job } from '../contract/job.ts'
import type { Run } from '../contract/run.ts'
import { endWords, quitWords, runWords } from './job-words.ts'

function job(vmName: string, driver: Job['driver'], state: Job['state'] = { state: 'queued', reason: '' }): Job {
  return { vmName, driver, state, sourceName: 'alpha', destinationName: 'beta' } as Job
}

test('quitting says what becomes of each move', () => {
  expect(quitWords([job('web', 'agent')])).toEqual({
    message: 'web is being moved to beta.',
    detail: 'Driven by the agent on the source host, and going on without Drover: web to beta.',
  })
  expect(quitWords([job('web', 'agent'), job('db', 'app')])).toEqual({
    message: '2 moves are running.',
    detail: 'Driven by this program, and interrupted when it quits: db to beta.\nDriven by the agent on the source host, and going on without Drover: web to beta.',
  })
})

test('the end of a move is told with where the VM is', () => {
  const result = { totalMs: 12_400, downtimeMs: 80, guestGapMs: null, bytes: null, iterations: null }
  expect(endWords(job('web', 'agent', { state: 'succeeded', result }))).toEqual({ title: 'web is on beta', body: 'Moved from alpha in 12 s.' })
  const problem = { code: 'cpu', message: 'The CPU lacks AVX.' }
  expect(endWords(job('web', 'agent', { state: 'failed', problem, whereabouts: null })).body).toBe('The CPU lacks AVX.')
  const whereabouts = { source: 'running', destination: 'absent', verdict: 'It runs on alpha, unharmed.', steps: [] } as const
  expect(endWords(job('web', 'agent', { state: 'failed', problem, whereabouts: { ...whereabouts, steps: [] } })).body).toBe('It runs on alpha, unharmed.')
  expect(endWords(job('web', 'agent', { state: 'cancelled', whereabouts: null })).title).toBe('The move of web was cancelled')
})

test('the end of a run is told once, with its verdict; quitting says what becomes of its queue', () => {
  const run = { request: { kind: 'evacuate' }, hostName: 'alpha', rows: [{ state: { state: 'waiting', reason: '' } }], state: { state: 'done', isComplete: true, isCancelled: false, verdict: 'Evacuated.' } } as unknown as Run
  expect(runWords(run)).toEqual({ title: 'Evacuating alpha is done', body: 'Evacuated.' })
  expect(runWords({ ...run, state: { ...run.state, isComplete: false } as Run['state'] }).title).toBe('Evacuating alpha ended with something left')
  expect(quitWords([], [run])).toEqual({ message: 'A run has not ended.', detail: 'Waiting for their turn, which comes only when Drover is started again and told to go on: 1 VM.' })
})
