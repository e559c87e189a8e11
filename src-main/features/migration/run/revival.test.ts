import { pino } from 'pino'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { moveOptions } from '../../../contract/migration.ts'
import { Emitter } from '../../../base/event.ts'
import { Failure } from '../../../base/failure.ts'
import { LibvirtError } from '../../../libvirt/client/libvirt-error.ts'
import type { HostDirectory } from '../../host/host-session.ts'
import { Jobs } from '../../job/jobs.ts'
import type { OpenJob } from '../../job/open-job.ts'
import { openStore, type Store } from '../../../store/store.ts'
import { Revival, type RevivalParts } from './revival.ts'

const uuid = '0a4ff7ac-6b1f-4b9f-8f2a-5d4f4d1d0002'
/** virDomainState and reason; null: the host has no such VM, `away`: it cannot be asked. */
type Said = readonly [state: number, reason: number] | null | 'away'
const running: Said = [1, 2]
const pausedByMove: Said = [3, 2]

let folder: string
let store: Store
let jobs: Jobs
let job: OpenJob
let revival: Revival
let hosts: Record<string, Said>
const sessions = new Emitter<string>()

function noDomain(): LibvirtError {
  return new LibvirtError('domainLookupByUuid', { code: 42, domain: 10, message: 'Domain not found', level: 2, dom: null, str1: null, str2: null, str3: null, int1: 0, int2: 0, net: null })
}

/** Two daemons that say what is hard to stage with real ones. */
const directory = {
  onDidChangeSession: sessions.event,
  session(host: string) {
    if (hosts[host] === 'away') throw new Failure('host-offline', 'It is away.')
    return {
      connection: {
        async call(name: string) {
          const said = hosts[host]
          if (said === 'away') throw new Failure('connection-lost', 'It went.')
          if (!said) throw noDomain()
          if (name === 'domainLookupByUuid') return { dom: { name: 'web', uuid, id: 1 } }
          if (name === 'domainGetState') return { state: said[0], reason: said[1] }
          if (name === 'domainGetJobStats') return { type: 0, params: [] }
          if (name === 'domainSuspend') hosts[host] = [3, 1]
          if (name === 'domainResume') hosts[host] = running
          return {}
        },
      },
    }
  },
} as unknown as HostDirectory

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-revival-'))
  store = await openStore(join(folder, 'drover.db'))
  jobs = await Jobs.open({ store, log: pino({ level: 'silent' }) })
  const plan = { vm: { host: 'a', uuid }, destination: 'b', options: moveOptions.parse({ technique: 'precopy' }) }
  const made = await jobs.create({ id: 'job-00000001', plan, vmName: 'web', sourceName: 'alpha', destinationName: 'beta', driver: 'app' })
  if (!('job' in made)) throw new Error('known')
  job = made.job
  job.run({ phase: 'memory' })
  const agents = { link: () => ({ list: async () => [], attach: () => expect.unreachable() }) } as unknown as RevivalParts['agents']
  revival = new Revival({ jobs, hosts: directory, agents, resume: async () => expect.unreachable(), timing: { askEveryMs: 5, steadyMs: 1 } })
})

afterEach(async () => {
  revival.close()
  await jobs.close()
  await store.close()
  rmSync(folder, { recursive: true })
})

test.each<[string, Said, Said, object]>([
  ['it runs at the destination alone', null, running, { state: 'succeeded' }],
  ['it runs at the source alone', running, null, { state: 'failed', problem: { code: 'driver-lost' }, whereabouts: { source: 'running', destination: 'absent' } }],
  ['it is paused by the move, and the destination has none', pausedByMove, null, { state: 'failed', problem: { code: 'needs-hand' }, whereabouts: { steps: ['resume-source'] } }],
  ['it runs at the destination, and the source has a paused copy', pausedByMove, running, { state: 'failed', problem: { code: 'left-behind' }, whereabouts: { steps: [] } }],
  ['nobody has it', null, null, { state: 'failed', problem: { code: 'vm-lost' } }],
])('%s: that is said', async (_, source, destination, state) => {
  hosts = { a: source, b: destination }
  await revival.revive(job)
  expect(job.view.state).toMatchObject(state)
})

test('while a host is silent nothing is concluded; when it is back, it is', async () => {
  hosts = { a: pausedByMove, b: 'away' }
  const over = revival.revive(job)
  await new Promise<void>((resolve) => job.onDidChange(({ job: { state } }) => state.state === 'uncertain' && resolve()))
  expect(job.view.state).toMatchObject({ whereabouts: { source: 'paused', destination: 'unreachable', steps: [] } })
  hosts['b'] = null
  sessions.fire('b')
  await over
  expect(job.view.state).toMatchObject({ state: 'failed', problem: { code: 'needs-hand' } })
})

test('found running on both hosts after the hand-over had begun: the source is suspended first of all', async () => {
  hosts = { a: running, b: running }
  await jobs.intend(job.id, 'perform-finish')
  await revival.revive(job)
  expect(hosts['a']).toEqual([3, 1])
  expect(job.view.state).toMatchObject({ state: 'failed' })
  expect(job.log.some(({ level, text }) => level === 'error' && text.includes('both hosts'))).toBe(true)
})

test('what a job has found out when Drover ends is asked again by the next one', async () => {
  hosts = { a: 'away', b: 'away' }
  const over = revival.revive(job)
  await new Promise<void>((resolve) => job.onDidChange(({ job: { state } }) => state.state === 'uncertain' && resolve()))
  revival.close()
  await over
  expect(job.view.state).toMatchObject({ state: 'uncertain' })
})
