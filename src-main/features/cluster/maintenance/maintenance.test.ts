import { beforeEach, expect, test } from 'vitest'
import type { HostRecord } from '../../../contract/host.ts'
import { Failure } from '../../../base/failure.ts'
import type { RunParts } from '../run/run-parts.ts'
import { enterMaintenance, leaveMaintenance, shutDownHost } from './maintenance.ts'

// No machine is shut down for a test: what would be run on it is looked at.

let record: HostRecord
/** Names of the VMs that the host says it has; null where it does not answer. */
let left: string[] | null
let ran: string[][]
let answers: { code: number | null; stdout: string; stderr: string } | Error
/** What the record said of a shutdown while the command ran. */
let during: HostRecord['shutDown']
let user: string
let address: string

beforeEach(() => {
  record = { id: 'a', address: 'ssh://a', label: 'alpha', group: null, tags: [], migrationAddress: null, maintenance: null, shutDown: null }
  left = []
  ran = []
  answers = { code: 0, stdout: '', stderr: '' }
  user = '0'
  address = 'ssh:root@a'
})

const hosts = {
  name: () => 'alpha',
  record: () => record,
  update: (_: string, change: Partial<HostRecord>) => Promise.resolve(void (record = { ...record, ...change })),
  session: () => ({
    connection: { call: () => (left ? Promise.resolve({ domains: left.map((name) => ({ name })) }) : Promise.reject(new Error('no answer'))) },
    transport: {
      get address() {
        return address
      },
      exec: (argv: string[]) => {
        if (argv[0] === 'id') return Promise.resolve({ code: 0, stdout: `${user}\n`, stderr: '' })
        ran.push(argv)
        during = record.shutDown
        return answers instanceof Error ? Promise.reject(answers) : Promise.resolve(answers)
      },
    },
  }),
} as unknown as RunParts['hosts']
const parts = { hosts, now: () => 1000 }
const shutDown = (confirm = 'alpha', isBusy = false) => shutDownHost('a', confirm, { ...parts, who: 'ada', isBusy: () => isBusy })

test('a host goes into maintenance with reason, who and since when; it is "in" only where it says that it has no VM', async () => {
  left = ['web']
  await enterMaintenance('a', { reason: 'a dead fan', who: 'ada' }, parts)
  expect(record.maintenance).toEqual({ state: 'entering', reason: 'a dead fan', who: 'ada', since: 1000 })
  left = null
  await enterMaintenance('a', { reason: 'a dead fan', who: 'ada' }, { ...parts, now: () => 2000 })
  expect(record.maintenance).toMatchObject({ state: 'entering', since: 1000 })
  left = []
  await enterMaintenance('a', { reason: 'firmware', who: 'eve' }, { ...parts, now: () => 3000 })
  expect(record.maintenance).toEqual({ state: 'in', reason: 'firmware', who: 'eve', since: 1000 })
  await leaveMaintenance('a', parts)
  expect(record.maintenance).toBeNull()
})

test.each([
  ['another name was typed', 'confirm-wrong', () => shutDown('beta')],
  ['a move touches it', 'host-busy', () => shutDown('alpha', true)],
  ['it has VMs', 'host-not-empty', () => ((left = ['web']), shutDown())],
  ['it does not say whether it has VMs', 'host-not-empty', () => ((left = null), shutDown())],
  ['only its socket is reached', 'host-no-shell', () => ((address = 'unix:///run/libvirt/libvirt-sock'), shutDown())],
])('a host is not shut down where %s', async (_, code, attempt) => {
  await expect(attempt()).rejects.toMatchObject({ code })
  expect(ran).toEqual([])
  expect(record.shutDown).toBeNull()
})

test('an empty host is shut down, by sudo where the user is not root, and what it refuses is said', async () => {
  await shutDown()
  user = '1000'
  await shutDown()
  expect(ran).toEqual([['systemctl', 'poweroff', '--no-wall'], ['sudo', '-n', 'systemctl', 'poweroff', '--no-wall']])
  answers = { code: 1, stdout: '', stderr: 'sudo: a password is required' }
  await expect(shutDown()).rejects.toMatchObject({ code: 'host-refused', evidence: 'sudo: a password is required' })
  expect([during, record.shutDown]).toEqual([{ at: 1000, who: 'ada' }, null])
  answers = new Failure('deadline', 'systemctl took longer than 15000 ms.')
  await expect(shutDown()).rejects.toMatchObject({ code: 'deadline' })
  expect(record.shutDown).toBeNull()
})

test.each([
  ['a signal ends the command', { code: null, stdout: '', stderr: '' }],
  ['the connection is lost under it', new Failure('ssh-connection-lost', 'The connection was lost.')],
])('where %s, the machine has gone as it was asked to', async (_, how) => {
  answers = how
  await shutDown()
  expect(record.shutDown).toEqual({ at: 1000, who: 'ada' })
})
