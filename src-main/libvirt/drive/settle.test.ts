import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pausedReasons, runningReasons, shutoffReasons } from '../wire/constants/domain-state.ts'
import { arrived, pausedByMove, stage, stand, type Stage, type Standing } from './move.fixture.ts'
import type { MovePlan } from './plan.ts'

let on: Stage
beforeEach(async () => {
  on = await stage()
})
afterEach(() => on.close())

async function undecided(at: 'perform' | 'finish', change: Partial<MovePlan> = {}) {
  const far = at === 'perform' ? on.source : on.destination
  far.on(at === 'perform' ? 'domainMigratePerform3Params' : 'domainMigrateFinish3Params', () => {
    far.stream.end()
    return new Promise<never>(() => {})
  })
  const outcome = await on.run(change)
  if (outcome.outcome !== 'undecided') return expect.fail(`was to be undecided, is ${outcome.outcome}`)
  on.trail.length = 0
  return outcome
}

describe('Finish was not answered', () => {
  const settle = async (atDestination: Standing, atSource: Standing = pausedByMove) => {
    const outcome = await undecided('finish')
    const source = await on.reach('source', atSource)
    const destination = await on.reach('destination', atDestination)
    return { source, destination, settled: outcome.settle({ source: source.connection, destination: destination.connection }) }
  }

  it.each([
    ['runs', arrived],
    ["stands still by somebody's wish", { state: 'paused', reason: pausedReasons.user }],
    ['has been shut down since', { state: 'shutoff', reason: shutoffReasons.shutdown }],
  ] as const)('the domain %s at the destination: Confirm', async (_, standing) => {
    const { settled } = await settle(standing)
    expect(await settled).toMatchObject({ outcome: 'moved', leftBehind: null })
    expect(on.trail).toEqual(['confirm(0)'])
  })

  it('the destination has no such domain: Confirm cancels, and a source that libvirt left standing still runs again', async () => {
    const { source, settled } = await settle('absent')
    source.far.on('domainMigrateConfirm3Params', () => {})
    source.far.on('domainResume', () => stand(source.far, { state: 'running', reason: runningReasons.unpaused }))
    expect(await settled).toMatchObject({ outcome: 'failed', at: 'finish', source: { kind: 'answered', state: { state: 'running' } } })
    expect(on.trail).toEqual(['confirm(1)', 'resume'])
  })

  it('the domain was killed at the destination: as if it had none', async () => {
    const { settled } = await settle({ state: 'shutoff', reason: shutoffReasons.failed }, { state: 'running' })
    expect(await settled).toMatchObject({ outcome: 'failed', at: 'finish' })
    expect(on.trail).toEqual(['confirm(1)'])
  })

  it.each([
    [true, 'moved', 'confirm(0)'],
    [false, 'failed', 'confirm(1)'],
  ])('of a domain that is off only the kept definition tells (%s)', async (isPersistent, end, confirm) => {
    const outcome = await undecided('finish', { flags: { offline: true, persistDest: true } })
    const source = await on.reach('source', { state: 'shutoff' })
    const destination = await on.reach('destination', { state: 'shutoff' })
    destination.far.on('domainIsPersistent', () => ({ isPersistent }))
    expect((await outcome.settle({ source: source.connection, destination: destination.connection })).outcome).toBe(end)
    expect(on.trail).toEqual([confirm])
  })

  it('a Finish that is still at work is waited for', async () => {
    const { destination, settled } = await settle({ state: 'running', reason: runningReasons.postcopy, migrates: 'in' })
    await destination.far.called('domainGetState', 2)
    expect(on.trail).toEqual([])
    stand(destination.far, arrived)
    expect(await settled).toMatchObject({ outcome: 'moved' })
  })

  it('a destination that does not answer leaves it undecided, and can be asked again', async () => {
    const { destination, settled } = await settle(arrived)
    destination.connection.close()
    const still = await settled
    expect(still).toMatchObject({ outcome: 'undecided', at: 'finish' })
    const source = await on.reach('source', pausedByMove)
    const next = await on.reach('destination', arrived)
    if (still.outcome === 'undecided')
      expect(await still.settle({ source: source.connection, destination: next.connection })).toMatchObject({ outcome: 'moved' })
  })

  it('an interrupted post-copy is neither confirmed nor cancelled', async () => {
    const { settled } = await settle({ state: 'running', reason: runningReasons['postcopy-failed'], migrates: 'in' })
    expect(await settled).toMatchObject({ outcome: 'failed', at: 'finish', error: { code: 'postcopy-broken' } })
    expect(on.trail).toEqual([])
  })
})

describe('Perform was not answered', () => {
  const settle = async (atSource: Standing, change: Partial<MovePlan> = {}) => {
    const outcome = await undecided('perform', change)
    const source = await on.reach('source', atSource)
    const destination = await on.reach('destination', 'absent')
    return { source, settled: outcome.settle({ source: source.connection, destination: destination.connection }) }
  }

  it('the source runs on without a job: the destination is told to forget it', async () => {
    const { settled } = await settle({ state: 'running' })
    expect(await settled).toMatchObject({ outcome: 'failed', at: 'perform', source: { kind: 'answered', state: { state: 'running' } } })
    expect(on.trail).toEqual(['finish(1) at destination'])
  })

  it('the job still runs: it is aborted', async () => {
    const { source, settled } = await settle({ state: 'running', migrates: 'out' })
    source.far.on('domainAbortJob', () => stand(source.far, { state: 'running' }))
    expect(await settled).toMatchObject({ outcome: 'failed', at: 'perform' })
    expect(on.trail).toEqual(['abort', 'finish(1) at destination'])
  })

  it('it had been completed: the source runs again once the destination has none', async () => {
    const { source, settled } = await settle(pausedByMove)
    source.far.on('domainResume', () => stand(source.far, { state: 'running' }))
    expect(await settled).toMatchObject({ outcome: 'failed', at: 'perform', source: { kind: 'answered', state: { state: 'running' } } })
    expect(on.trail).toEqual(['finish(1) at destination', 'resume'])
  })

  it('it had switched to post-copy: the destination goes on over its own connection', async () => {
    const { settled } = await settle({ state: 'paused', reason: pausedReasons['postcopy-failed'] }, { flags: { postcopy: true } })
    expect(await settled).toMatchObject({ outcome: 'moved' })
    expect(on.trail).toEqual(['finish(0) at destination', 'confirm(0)'])
  })

  it('a source that does not answer leaves it undecided', async () => {
    const outcome = await undecided('perform')
    const source = await on.reach('source', 'absent')
    source.connection.close()
    const destination = await on.reach('destination', 'absent')
    expect(await outcome.settle({ source: source.connection, destination: destination.connection })).toMatchObject({
      outcome: 'undecided',
      at: 'perform',
    })
    expect(on.trail).toEqual([])
  })
})
