import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Refusal, type FarSide } from '../client/far-side.fixture.ts'
import type { Connection } from '../client/connection.ts'
import { arrived, pausedByMove, running, stage, stand, type Stage, type Standing } from './move.fixture.ts'
import type { LeftBehind } from './outcome.ts'

let on: Stage
beforeEach(async () => {
  on = await stage()
})
afterEach(() => on.close())

async function leftBehind(undefineSource: boolean): Promise<LeftBehind> {
  on.source.on('domainMigrateConfirm3Params', () => {
    on.source.stream.end()
    return new Promise<never>(() => {})
  })
  const outcome = await on.run({ flags: { persistDest: true, undefineSource } })
  if (outcome.outcome !== 'moved' || !outcome.leftBehind) return expect.fail('was to leave a copy behind')
  return outcome.leftBehind
}

/** A source whose libvirt has dropped the job. */
async function forgetful(standing: Standing): Promise<{ far: FarSide; connection: Connection; ended: string[] }> {
  const { far, connection } = await on.reach('source', standing)
  const ended: string[] = []
  far.on('domainMigrateConfirm3Params', () => {
    throw new Refusal('VIR_ERR_OPERATION_INVALID', "domain 'vm' is not being migrated")
  })
  far.on('domainIsPersistent', () => ({ isPersistent: true }))
  far.on('domainDestroyFlags', () => void ended.push('destroy'))
  far.on('domainUndefineFlags', ({ flags }) => {
    ended.push(`undefine ${flags}`)
    if (flags > 32) throw new Refusal('VIR_ERR_INVALID_ARG', 'unsupported flags (0x40)')
  })
  return { far, connection, ended }
}

describe('a copy that was left behind', () => {
  it('goes by Confirm where libvirt still knows the move', async () => {
    const left = await leftBehind(true)
    const source = await on.reach('source', pausedByMove)
    const destination = await on.reach('destination', arrived)
    await left.release({ source: source.connection, destination: destination.connection })
    expect(source.far.argsOf('domainMigrateConfirm3Params')[0]?.cancelled).toBe(0)
  })

  it.each([
    [true, ['destroy', 'undefine 72', 'undefine 8']],
    [false, ['destroy']],
  ])('is ended where libvirt has forgotten it (undefine: %s)', async (undefineSource, expected) => {
    const left = await leftBehind(undefineSource)
    const source = await forgetful(pausedByMove)
    const destination = await on.reach('destination', arrived)
    await left.release({ source: source.connection, destination: destination.connection })
    expect(source.ended).toEqual(expected)
  })

  it('is taken for gone when libvirt ends it by itself in the meantime', async () => {
    const left = await leftBehind(true)
    const source = await forgetful({ state: 'paused', reason: 12 })
    const destination = await on.reach('destination', arrived)
    source.far.on('domainDestroyFlags', () => {
      stand(source.far, { state: 'shutoff', reason: 4 })
      throw new Refusal('VIR_ERR_OPERATION_INVALID', 'domain is not running')
    })
    await left.release({ source: source.connection, destination: destination.connection })
    expect(source.ended).toEqual(['undefine 72', 'undefine 8'])
  })

  it.each<[string, Standing, Standing]>([
    ['the destination has none', pausedByMove, 'absent'],
    ['the destination is still waiting for it', pausedByMove, { ...(pausedByMove as object), migrates: 'in' } as Standing],
    ['the source runs', running, arrived],
    ['the source was paused by somebody', { state: 'paused', reason: 1 }, arrived],
  ])('is left alone when %s', async (_, atSource, atDestination) => {
    const left = await leftBehind(true)
    const source = await forgetful(atSource)
    const destination = await on.reach('destination', atDestination)
    await expect(left.release({ source: source.connection, destination: destination.connection })).rejects.toMatchObject({
      code: 'not-left-behind',
    })
    expect(source.ended).toEqual([])
  })
})
