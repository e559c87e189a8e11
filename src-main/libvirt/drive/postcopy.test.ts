import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection } from '../client/connection.ts'
import { Refusal, type FarSide } from '../client/far-side.fixture.ts'
import { migrateFlags } from '../wire/constants/migrate.ts'
import { dom, plan, stage, stand, type Stage } from './move.fixture.ts'
import { pausePostcopy, resumePostcopy, switchToPostcopy } from './postcopy.ts'

let on: Stage
let source: { far: FarSide; connection: Connection }
let destination: { far: FarSide; connection: Connection }
beforeEach(async () => {
  on = await stage()
  source = await on.reach('source', { state: 'running', migrates: 'out' })
  destination = await on.reach('destination', 'absent')
  source.far.on('domainMigrateStartPostCopy', () => {})
  destination.far.on('connectGetLibVersion', () => ({ libVer: 9_000_000 }))
})
afterEach(() => on.close())

const hands = () => ({ source: source.connection, destination: destination.connection })

describe('switching to post-copy', () => {
  it('asks both daemons first', async () => {
    await switchToPostcopy(dom, hands())
    expect(destination.far.count('connectGetLibVersion')).toBe(1)
    expect(source.far.argsOf('domainMigrateStartPostCopy')).toEqual([{ dom: { ...dom, id: -1 }, flags: 0 }])
  })

  it.each(['source', 'destination'] as const)('is not made while the %s is silent', async (side) => {
    void (side === 'source' ? source.far.mute('domainGetState') : destination.far.mute('connectGetLibVersion'))
    await expect(switchToPostcopy(dom, { ...hands(), answerWithinMs: 10 })).rejects.toMatchObject({
      code: 'postcopy-unsafe',
      message: expect.stringContaining(side),
    })
    expect(source.far.count('domainMigrateStartPostCopy')).toBe(0)
  })

  it('tells too early from refused', async () => {
    let message =
      "internal error: unable to execute QEMU command 'migrate-start-postcopy': Postcopy must be started after migration has been started"
    source.far.on('domainMigrateStartPostCopy', () => {
      throw new Refusal('VIR_ERR_INTERNAL_ERROR', message)
    })
    await expect(switchToPostcopy(dom, hands())).rejects.toMatchObject({ code: 'postcopy-not-yet' })
    message = 'switching to post-copy requires migration to be started with VIR_MIGRATE_POSTCOPY flag'
    await expect(switchToPostcopy(dom, { ...hands(), waits: true })).rejects.toMatchObject({ code: 'postcopy-refused' })
  })

  it('waits until the job has come far enough, or until it is told to stop', async () => {
    let tries = 0
    source.far.on('domainMigrateStartPostCopy', () => {
      if (++tries < 3) throw new Refusal('VIR_ERR_INTERNAL_ERROR', 'Postcopy must be started after migration has been started')
    })
    await switchToPostcopy(dom, { ...hands(), waits: true })
    expect(tries).toBe(3)
    tries = -1000
    const abort = new AbortController()
    const switching = switchToPostcopy(dom, { ...hands(), waits: true, signal: abort.signal })
    await source.far.called('domainMigrateStartPostCopy', 5)
    abort.abort(new Error('stop'))
    await expect(switching).rejects.toThrow('stop')
  })
})

describe('interrupting a post-copy', () => {
  it('is done only when the destination runs the guest', async () => {
    source.far.on('domainAbortJobFlags', () => {})
    for (const standing of [
      { state: 'paused', reason: 2 },
      { state: 'running', reason: 2 },
    ] as const) {
      stand(destination.far, standing)
      await expect(pausePostcopy(dom, hands())).rejects.toMatchObject({ code: 'postcopy-not-yet' })
    }
    expect(source.far.count('domainAbortJobFlags')).toBe(0)
    stand(destination.far, { state: 'running', reason: 10, migrates: 'in' })
    await pausePostcopy(dom, hands())
    expect(source.far.argsOf('domainAbortJobFlags')).toEqual([{ dom: { ...dom, id: -1 }, flags: 1 }])
  })
})

describe('resuming a post-copy', () => {
  it('makes the same five calls, marked as such, and does not take a paused source for a paused domain', async () => {
    stand(source.far, { state: 'paused', reason: 13 })
    expect(await resumePostcopy(plan, hands())).toMatchObject({ outcome: 'moved' })
    expect(on.trail).toEqual(['begin', 'prepare at destination', 'perform', 'finish(0) at destination', 'confirm(0)'])
    const flags = migrateFlags.live | migrateFlags.postcopy | migrateFlags.postcopyResume
    expect(destination.far.argsOf('domainMigratePrepare3Params')[0]?.flags).toBe(flags)
    expect(source.far.argsOf('domainMigrateConfirm3Params')[0]?.flags).toBe(flags | migrateFlags.changeProtection)
  })

  it.each([
    [11_001_000, 'moved'],
    [11_003_000, 'failed'],
    [11_004_000, 'moved'],
  ])('is not asked of a destination that would crash on it (libvirt %d: %s)', async (libVer, end) => {
    destination.far.on('connectGetLibVersion', () => ({ libVer }))
    const outcome = await resumePostcopy(plan, hands())
    expect(outcome.outcome).toBe(end)
    if (end === 'failed')
      expect([outcome, on.trail]).toMatchObject([
        { error: { code: 'postcopy-resume-unsafe', message: expect.stringContaining('11.3.0') } },
        [],
      ])
  })

  it('gives QEMU time to notice that the old connection is gone', async () => {
    let tries = 0
    source.far.on('domainMigrateBegin3Params', () => {
      if (++tries < 2)
        throw new Refusal('VIR_ERR_OPERATION_INVALID', 'Requested operation is not valid: QEMU reports migration is still running')
      return { cookieOut: Buffer.alloc(0), xml: '<domain/>' }
    })
    expect(await resumePostcopy(plan, hands())).toMatchObject({ outcome: 'moved' })
    tries = -1000
    expect(await resumePostcopy(plan, hands(), 0)).toMatchObject({ outcome: 'failed', at: 'begin' })
  })
})
