import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Job, Whereabouts } from '../../src-main/contract/job.ts'
import type { MoveOptions } from '../../src-main/contract/migration.ts'
import { LabGuest } from '../lab/guest.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import { Lab } from '../lab/lab.ts'
import { MoveRig } from './move-rig.ts'

type Driver = MoveOptions['driver']

const hostNames = ['one', 'two', 'three'] as const
let lab: Lab
/** Two Drovers that know nothing of each other, as two people's would be. */
let apps: readonly [MoveRig, MoveRig]
const guests: LabGuest[] = []

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{}, {}, {}] })
  const open = () => MoveRig.open({ sshConfig: lab.ssh.configFile, hosts: hostNames.map((name, i) => ({ name, address: lab.host(i).sshAddress })) })
  apps = await Promise.all([open(), open()])
  for (const app of apps) await app.bringAgents()
})

afterEach(async () => {
  for (const guest of guests.splice(0)) await guest.remove(...lab.hosts)
})

afterAll(async () => {
  await Promise.all((apps ?? []).map((app) => app.remove()))
  await lab?.down()
})

/** Where the VM runs, is paused, or is only defined: asked by virsh, which no Drover has a part in. */
async function statesOf(name: string): Promise<string[]> {
  const states = await Promise.all(lab.hosts.map(async (host, i) => ((await host.virsh(['list', '--all', '--name'])).split('\n').includes(name) ? `${hostNames[i]}: ${(await host.virsh(['domstate', name])).trim()}` : '')))
  return states.filter((state) => state !== '')
}

/** Both move the VM from one: the first to two, the second to `to`, so slowly that they meet. */
async function bothMove(name: string, drivers: readonly [Driver, Driver], to: 'two' | 'three', isHeadStart: boolean): Promise<[Job, Job]> {
  const [first, second] = apps
  const plans = await Promise.all([
    first.plan(uuidOf(name), 'one', 'two', { driver: drivers[0], bandwidthMiBps: 8 }),
    second.plan(uuidOf(name), 'one', to, { driver: drivers[1], bandwidthMiBps: 8 }),
  ])
  // Each looks before it knows of the other, as dialogs that are open at the same time.
  const looked = await Promise.all(apps.map((app, i) => app.migration.preflight([plans[i as 0 | 1]], AbortSignal.timeout(60_000))))
  expect(looked.map(([preflight]) => preflight!.verdict)).not.toContain('blocked')
  const ids: string[] = []
  for (const [i, app] of apps.entries()) {
    const id = await app.start(plans[i as 0 | 1])
    ids.push(id)
    if (i === 0 && isHeadStart) await app.until(id, ({ state }) => state.state === 'running' && state.phase === 'memory', 'the copying')
  }
  return Promise.all([first.ended(ids[0]!), second.ended(ids[1]!)])
}

const cases: { drivers: [Driver, Driver]; to: 'two' | 'three'; isHeadStart: boolean }[] = [
  { drivers: ['agent', 'agent'], to: 'three', isHeadStart: true },
  { drivers: ['agent', 'agent'], to: 'two', isHeadStart: false },
  { drivers: ['app', 'app'], to: 'three', isHeadStart: false },
  { drivers: ['app', 'app'], to: 'two', isHeadStart: true },
  { drivers: ['agent', 'app'], to: 'three', isHeadStart: true },
  { drivers: ['app', 'agent'], to: 'two', isHeadStart: false },
]

test.each(cases)('two apps move one VM: one of them does, the other says why not, and both say where it is ($drivers, to two and $to, head start: $isHeadStart)', async ({ drivers, to, isHeadStart }) => {
  const name = `rivals-${cases.findIndex((each) => each.drivers === drivers)}`
  const guest = new LabGuest(lab, { name })
  guests.push(guest)
  await guest.start(lab.host(0))
  const jobs = await bothMove(name, drivers, to, isHeadStart)
  const told = jobs.map((job) => JSON.stringify(job.state)).join('\n')

  const winner = jobs.find(({ state }) => state.state === 'succeeded')
  const loser = jobs.find(({ state }) => state.state === 'failed')
  expect(winner, told).toBeDefined()
  expect(loser, told).toBeDefined()
  if (isHeadStart) expect(winner, told).toBe(jobs[0])

  // One copy, running, where the winner says.
  expect(await statesOf(name), told).toEqual([`${winner!.destinationName}: running`])
  const arrivedAt = hostNames.indexOf(winner!.destinationName as 'two' | 'three')
  expect(await guest.verify(lab.host(arrivedAt))).toMatchObject({ bad: 0, badEver: 0 })

  if (loser!.state.state !== 'failed') throw new Error(told)
  const { problem, whereabouts } = loser!.state
  // Whatever libvirt's words, the reason is that somebody else moves it, and that is what people are told.
  expect(['vm-gone', 'vm-busy', 'vm-there', 'move-running'], told).toContain(problem.code)
  expect(problem.next, told).toEqual(expect.any(String))
  expectTrue(whereabouts!, told)
  // Asked again afterwards, the loser's app finds it gone from the source.
  const app = apps[jobs.indexOf(loser!)]!
  const later = await app.jobs.locate(loser!.id)
  expect(later.source, JSON.stringify(later)).toBe('absent')
  expect(later.destination, JSON.stringify(later)).toBe(to === 'two' ? 'running' : 'absent')
})

/** At its end the loser sees the winner's move: the VM is at the source or has left it, and there is never a second one that runs. */
function expectTrue({ source, destination, steps }: Whereabouts, told: string): void {
  expect(steps, told).toEqual([])
  expect(['running', 'paused', 'absent'], told).toContain(source)
  if (source === 'running') expect(destination, told).not.toBe('running')
}

test('two Drovers, one after the other: the second sees the VM where the first has put it, and moves it on', async () => {
  const [first, second] = apps
  const guest = new LabGuest(lab, { name: 'relay' })
  guests.push(guest)
  await guest.start(lab.host(0))
  expect((await first.move(uuidOf('relay'), 'one', 'two', { driver: 'agent' })).state).toMatchObject({ state: 'succeeded' })
  expect((await second.move(uuidOf('relay'), 'two', 'three', { driver: 'agent' })).state).toMatchObject({ state: 'succeeded' })
  expect(await statesOf('relay')).toEqual(['three: running'])
  expect(await guest.verify(lab.host(2))).toMatchObject({ bad: 0, badEver: 0 })
})
