import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Failure } from '../../base/failure.ts'
import { Connection } from '../client/connection.ts'
import { FarSide, Refusal } from '../client/far-side.fixture.ts'
import { pausedReasons } from '../wire/constants/domain-state.ts'
import { migrateFlags } from '../wire/constants/migrate.ts'
import { TypedParameters } from '../wire/typed-parameter.ts'
import { dom, stage, stand, type Stage } from './move.fixture.ts'

let on: Stage
beforeEach(async () => {
  on = await stage()
})
afterEach(() => on.close())

const refuse =
  (message: string, code: 'VIR_ERR_OPERATION_FAILED' | 'VIR_ERR_INTERNAL_ERROR' = 'VIR_ERR_INTERNAL_ERROR') =>
  () => {
    throw new Refusal(code, message)
  }

describe('a move that goes well', () => {
  it('is five calls, each with what the one before it handed on', async () => {
    const outcome = await on.run({ flags: { live: true, persistDest: true, autoConverge: true, abortOnError: true } })
    expect(outcome).toEqual({ outcome: 'moved', domain: { ...dom, id: 7 }, leftBehind: null })
    expect(on.trail).toEqual(['begin', 'prepare at destination', 'perform', 'finish(0) at destination', 'confirm(0)'])
    const atSource =
      migrateFlags.live | migrateFlags.persistDest | migrateFlags.autoConverge | migrateFlags.abortOnError | migrateFlags.changeProtection
    const atDestination = migrateFlags.live | migrateFlags.persistDest
    const [begin] = on.source.argsOf('domainMigrateBegin3Params')
    const [prepare] = on.destination.argsOf('domainMigratePrepare3Params')
    const [perform] = on.source.argsOf('domainMigratePerform3Params')
    const [finish] = on.destination.argsOf('domainMigrateFinish3Params')
    const [confirm] = on.source.argsOf('domainMigrateConfirm3Params')
    expect([begin, prepare, perform, finish, confirm].map((args) => args?.flags)).toEqual([
      atSource,
      atDestination,
      atSource,
      atDestination,
      atSource,
    ])
    expect([prepare, perform, finish, confirm].map((args) => args?.cookieIn.toString())).toEqual(['begin', 'prepare', 'perform', 'finish'])
    expect(new TypedParameters(prepare?.params ?? []).string('destination_xml')).toBe('<domain/>')
    expect(new TypedParameters(finish?.params ?? []).string('destination_name')).toBe('vm')
    expect(perform?.dconnuri).toBeNull()
  })

  it('tells every step in order, the reversible ones before they are made', async () => {
    await on.run()
    expect(on.notes.map(({ step, phase }) => `${step} ${phase}`)).toEqual(
      ['begin', 'prepare', 'perform', 'finish', 'confirm'].flatMap((step) => [`${step} sent`, `${step} answered`]),
    )
    expect(on.notes.map(({ at }) => at)).toEqual(on.notes.map(({ at }) => at).toSorted((a, b) => a - b))
  })

  it("sends Finish in the same tick in which Perform's answer came", async () => {
    let ticks = 0
    let isRunning = true
    const tick = (): void => {
      ticks++
      if (isRunning) setImmediate(tick)
    }
    const write = on.destination.near.write.bind(on.destination.near)
    let sentAt = -1
    on.source.on('domainMigratePerform3Params', () => {
      on.destination.near.write = ((...args: Parameters<typeof write>) => ((sentAt = ticks), write(...args))) as typeof write
      return { cookieOut: Buffer.alloc(0) }
    })
    let answeredAt = -1
    on.source.near.on('data', () => (answeredAt = sentAt < 0 ? ticks : answeredAt))
    setImmediate(tick)
    await on.run()
    isRunning = false
    expect(sentAt).toBe(answeredAt)
  })

  it('keeps a paused domain paused', async () => {
    stand(on.source, { state: 'paused', reason: pausedReasons.user })
    await on.run()
    expect(on.source.argsOf('domainMigrateBegin3Params')[0]?.flags).toBe(migrateFlags.live | migrateFlags.changeProtection)
    expect(on.destination.argsOf('domainMigrateFinish3Params')[0]?.flags).toBe(migrateFlags.live | migrateFlags.paused)
    expect(on.source.argsOf('domainMigrateConfirm3Params')[0]?.flags).toBe(
      migrateFlags.live | migrateFlags.paused | migrateFlags.changeProtection,
    )
  })

  it('skips Perform when the domain is off', async () => {
    expect(await on.run({ flags: { offline: true, persistDest: true } })).toMatchObject({ outcome: 'moved' })
    expect(on.trail).toEqual(['begin', 'prepare at destination', 'finish(0) at destination', 'confirm(0)'])
    expect(on.destination.argsOf('domainMigrateFinish3Params')[0]?.cookieIn).toEqual(Buffer.alloc(0))
  })

  it('uses the address that the destination answered, or what a relay puts in its place', async () => {
    on.destination.on('domainMigratePrepare3Params', () => ({ cookieOut: Buffer.alloc(0), uriOut: 'tcp:dest:49152' }))
    const used = (): string | null =>
      new TypedParameters(on.source.argsOf('domainMigratePerform3Params').at(-1)?.params ?? []).string('migrate_uri')
    await on.run()
    expect(used()).toBe('tcp:dest:49152')
    await on.run({}, { replaceUri: (uri) => Promise.resolve(`${uri}?relayed`) })
    expect(used()).toBe('tcp:dest:49152?relayed')
  })

  it('keeps its outcome when a listener throws after the fact', async () => {
    const outcome = await on.run(
      {},
      {
        onStep: ({ phase }) => {
          if (phase !== 'sent') throw new Error('listener')
        },
      },
    )
    expect(outcome.outcome).toBe('moved')
  })
})

describe("libvirt's error rules", () => {
  it('Begin failed: nothing has begun', async () => {
    on.source.on('domainMigrateBegin3Params', refuse('busy'))
    expect(await on.run()).toMatchObject({
      outcome: 'failed',
      at: 'begin',
      error: { text: 'busy' },
      isCancelled: false,
      source: { kind: 'answered', state: { state: 'running' } },
    })
    expect(on.trail).toEqual(['begin'])
  })

  it('Prepare failed: Confirm cancels', async () => {
    on.destination.on('domainMigratePrepare3Params', refuse('no such bridge'))
    expect(await on.run()).toMatchObject({ outcome: 'failed', at: 'prepare', error: { text: 'no such bridge' } })
    expect(on.trail).toEqual(['begin', 'prepare at destination', 'confirm(1)'])
  })

  it('Prepare gave no address: Finish cancels, Confirm cancels', async () => {
    const { migrateUri: _, ...noUri } = { migrateUri: undefined }
    const outcome = await on.run({ ...noUri, ...({ migrateUri: undefined } as object) })
    expect(outcome).toMatchObject({ outcome: 'failed', at: 'prepare', error: { code: 'no-migration-uri' } })
    expect(on.trail).toEqual(['begin', 'prepare at destination', 'finish(1) at destination', 'confirm(1)'])
    expect(on.destination.argsOf('domainMigrateFinish3Params')[0]?.cookieIn.toString()).toBe('prepare')
  })

  it.each([
    ['the relay', { replaceUri: () => Promise.reject(new Failure('relay', 'No relay.')) }],
    ['the journal', { beforePerform: () => Promise.reject(new Failure('relay', 'Disk full.')) }],
  ])('%s failed before Perform: Finish cancels, Confirm cancels', async (_, hands) => {
    expect(await on.run({}, hands)).toMatchObject({ outcome: 'failed', at: 'prepare', error: { code: 'relay' } })
    expect(on.trail).toEqual(['begin', 'prepare at destination', 'finish(1) at destination', 'confirm(1)'])
  })

  it('Perform failed: Finish cancels, no Confirm', async () => {
    on.source.on('domainMigratePerform3Params', refuse('connection refused'))
    expect(await on.run()).toMatchObject({ outcome: 'failed', at: 'perform', error: { text: 'connection refused' } })
    expect(on.trail).toEqual(['begin', 'prepare at destination', 'perform', 'finish(1) at destination'])
  })

  it.each([
    ["takes the destination's word for a vague failure of the source", 'VIR_ERR_OPERATION_FAILED', 'guest unexpectedly quit'],
    ["keeps the source's word otherwise", 'VIR_ERR_INTERNAL_ERROR', 'from the source'],
  ] as const)('Perform failed: %s', async (_, code, text) => {
    on.source.on('domainMigratePerform3Params', refuse('from the source', code))
    on.destination.on('domainMigrateFinish3Params', refuse('guest unexpectedly quit'))
    expect(await on.run()).toMatchObject({ outcome: 'failed', at: 'perform', error: { text } })
  })

  it('Finish failed: Confirm cancels', async () => {
    on.destination.on('domainMigrateFinish3Params', refuse('device state'))
    expect(await on.run()).toMatchObject({ outcome: 'failed', at: 'finish', error: { text: 'device state' } })
    expect(on.trail).toEqual(['begin', 'prepare at destination', 'perform', 'finish(0) at destination', 'confirm(1)'])
  })

  it('Confirm failed: the domain has moved, and the copy left behind can be confirmed again', async () => {
    on.source.on('domainMigrateConfirm3Params', refuse('monitor'))
    const outcome = await on.run()
    expect(outcome).toMatchObject({ outcome: 'moved', leftBehind: { error: { text: 'monitor' } } })
    const again = await on.reach('source', { state: 'paused', reason: pausedReasons.migration })
    if (outcome.outcome === 'moved') await outcome.leftBehind?.confirm(again.connection)
    expect(again.far.argsOf('domainMigrateConfirm3Params')[0]).toMatchObject({ cancelled: 0, cookieIn: Buffer.from('finish') })
  })
})

describe('cancelling', () => {
  const cancelDuring = async (name: 'domainMigrateBegin3Params' | 'domainMigratePrepare3Params'): Promise<unknown> => {
    const abort = new AbortController()
    const far = name === 'domainMigrateBegin3Params' ? on.source : on.destination
    const answer =
      name === 'domainMigrateBegin3Params' ? { cookieOut: Buffer.alloc(0), xml: '<domain/>' } : { cookieOut: Buffer.alloc(0), uriOut: null }
    far.on(name, () => (abort.abort(), answer as never))
    // The abort must have been seen before the answer; both are in this process.
    return on.run({}, { signal: abort.signal })
  }

  it('before it starts makes no call', async () => {
    expect(await on.run({}, { signal: AbortSignal.abort() })).toMatchObject({
      outcome: 'failed',
      at: 'begin',
      isCancelled: true,
      error: { code: 'cancelled' },
    })
    expect(on.trail).toEqual([])
  })

  it('in Begin undoes it', async () => {
    expect(await cancelDuring('domainMigrateBegin3Params')).toMatchObject({ outcome: 'failed', isCancelled: true })
    expect(on.trail).toEqual(['begin', 'confirm(1)'])
  })

  it('in Prepare undoes both', async () => {
    expect(await cancelDuring('domainMigratePrepare3Params')).toMatchObject({ outcome: 'failed', isCancelled: true })
    expect(on.trail).toEqual(['begin', 'prepare at destination', 'finish(1) at destination', 'confirm(1)'])
  })

  it('in Perform aborts the job over the control connection', async () => {
    const abort = new AbortController()
    let fail = (_: Refusal): void => {}
    on.source.on('domainMigratePerform3Params', () => new Promise<never>((_, reject) => ((fail = reject), abort.abort())))
    const control = await on.reach('source', { state: 'running' })
    control.far.on('domainAbortJob', () => fail(new Refusal('VIR_ERR_OPERATION_ABORTED', 'canceled by client')))
    expect(await on.run({}, { signal: abort.signal, control: control.connection })).toMatchObject({
      outcome: 'failed',
      at: 'perform',
      isCancelled: true,
    })
    expect(on.trail).toEqual(['begin', 'prepare at destination', 'perform', 'abort', 'finish(1) at destination'])
    expect(on.source.count('domainAbortJob')).toBe(0)
  })

  it('that comes when a pre-copy has just ended undoes it', async () => {
    const abort = new AbortController()
    on.source.on('domainMigratePerform3Params', () => (abort.abort(), { cookieOut: Buffer.alloc(0) }))
    expect(await on.run({}, { signal: abort.signal })).toMatchObject({
      outcome: 'failed',
      at: 'perform',
      isCancelled: true,
      error: { code: 'cancelled' },
    })
    expect(on.trail.filter((call) => call !== 'abort')).toEqual([
      'begin',
      'prepare at destination',
      'perform',
      'finish(1) at destination',
      'confirm(1)',
    ])
  })

  it('is refused by libvirt after a switch to post-copy, and the move goes on', async () => {
    const abort = new AbortController()
    const refusals: Failure[] = []
    let end = (_: { cookieOut: Buffer }): void => {}
    on.source.on('domainMigratePerform3Params', () => new Promise((resolve) => ((end = resolve), abort.abort())))
    on.source.on('domainAbortJob', () => {
      throw new Refusal('VIR_ERR_OPERATION_INVALID', 'cannot abort migration in post-copy mode')
    })
    const outcome = on.run(
      { flags: { postcopy: true } },
      {
        signal: abort.signal,
        onCancelRefused: (failure) => {
          refusals.push(failure)
          end({ cookieOut: Buffer.alloc(0) })
        },
      },
    )
    expect(await outcome).toMatchObject({ outcome: 'moved' })
    expect(refusals[0]).toMatchObject({ code: 'cancel-refused', message: expect.stringContaining('post-copy mode') })
  })

  it('is refused once Finish is on its way', async () => {
    const abort = new AbortController()
    const refusals: Failure[] = []
    on.destination.on('domainMigrateFinish3Params', () => (abort.abort(), { dom, cookieOut: Buffer.alloc(0) }))
    expect(await on.run({}, { signal: abort.signal, onCancelRefused: (failure) => refusals.push(failure) })).toMatchObject({
      outcome: 'moved',
    })
    expect(refusals.map(({ code }) => code)).toEqual(['cancel-refused'])
    expect(on.trail).not.toContain('abort')
  })
})

describe('a connection that is lost', () => {
  const cut = (far: FarSide) => () => {
    far.stream.end()
    return new Promise<never>(() => {})
  }

  it('in Begin: nothing is done, and what the source would say is unknown', async () => {
    on.source.on('domainMigrateBegin3Params', cut(on.source))
    expect(await on.run()).toMatchObject({
      outcome: 'failed',
      at: 'begin',
      error: { code: 'connection-lost' },
      source: { kind: 'unanswered' },
    })
    expect(on.trail).toEqual(['begin'])
  })

  it('in Prepare: Confirm cancels', async () => {
    on.destination.on('domainMigratePrepare3Params', cut(on.destination))
    expect(await on.run()).toMatchObject({ outcome: 'failed', at: 'prepare', error: { code: 'connection-lost' } })
    expect(on.trail).toEqual(['begin', 'prepare at destination', 'confirm(1)'])
  })

  it('at the destination in Perform: the source tells how it ended', async () => {
    on.source.on('domainMigratePerform3Params', () => {
      on.destination.stream.end()
      throw new Refusal('VIR_ERR_OPERATION_FAILED', 'unexpectedly failed')
    })
    expect(await on.run()).toMatchObject({ outcome: 'failed', at: 'perform', error: { text: 'unexpectedly failed' } })
    expect(on.trail).toEqual(['begin', 'prepare at destination', 'perform'])
  })

  it('in Confirm: the domain has moved, its copy is left behind', async () => {
    on.source.on('domainMigrateConfirm3Params', cut(on.source))
    expect(await on.run()).toMatchObject({ outcome: 'moved', leftBehind: { error: { code: 'connection-lost' } } })
  })

  it('in Finish: nothing is confirmed', async () => {
    on.destination.on('domainMigrateFinish3Params', cut(on.destination))
    expect(await on.run()).toMatchObject({ outcome: 'undecided', at: 'finish', error: { code: 'connection-lost' } })
    expect(on.trail).toEqual(['begin', 'prepare at destination', 'perform', 'finish(0) at destination'])
  })

  it('in Perform: nothing is assumed', async () => {
    on.source.on('domainMigratePerform3Params', cut(on.source))
    expect(await on.run()).toMatchObject({ outcome: 'undecided', at: 'perform' })
    expect(on.trail).toEqual(['begin', 'prepare at destination', 'perform'])
  })

  it('before Finish could leave: likewise nothing is confirmed', async () => {
    const gone = new FarSide()
    const destination = await Connection.open(gone.near)
    gone.on('domainMigratePrepare3Params', () => ({ cookieOut: Buffer.alloc(0), uriOut: null }))
    on.source.on('domainMigratePerform3Params', async () => {
      destination.close()
      return { cookieOut: Buffer.alloc(0) }
    })
    expect(await on.run({}, { destination })).toMatchObject({ outcome: 'undecided', at: 'finish' })
    expect(on.trail).toEqual(['begin', 'perform'])
  })
})
