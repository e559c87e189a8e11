import { afterEach, beforeEach, expect, it } from 'vitest'
import { Refusal } from '../client/far-side.fixture.ts'
import { migrateFlags } from '../wire/constants/migrate.ts'
import { dom, stage, type Stage } from './move.fixture.ts'

// Memory gathered from elsewhere: the source may go before the destination has all of it, but never twice, and never on a mere guess.

let on: Stage
beforeEach(async () => {
  on = await stage()
})
afterEach(() => on.close())

function gate(): { readonly opened: Promise<void>; open(): void; shut(reason: Error): void } {
  let open = (): void => {}
  let shut = (_: Error): void => {}
  const opened = new Promise<void>((resolve, reject) => ([open, shut] = [resolve, reject]))
  return { opened, open: () => open(), shut: (reason) => shut(reason) }
}

/** Finish is answered when `then` has come. */
function slowFinish(until: Promise<unknown>, fails = false): void {
  on.destination.on('domainMigrateFinish3Params', async ({ cancelled }) => {
    if (cancelled) throw new Refusal('VIR_ERR_MIGRATE_FINISH_OK')
    await until
    if (fails) throw new Refusal('VIR_ERR_OPERATION_FAILED', 'memory was lost on its way')
    return { dom: { ...dom, id: 7 }, cookieOut: Buffer.from('finish') }
  })
}

it('Confirm goes before Finish is answered, without undefining, which follows at the end', async () => {
  const confirmed = gate()
  slowFinish(confirmed.opened)
  on.source.on('domainMigrateConfirm3Params', () => confirmed.open())
  on.source.on('domainIsPersistent', () => ({ isPersistent: true }))
  const undefined_: string[] = []
  on.source.on('domainUndefineFlags', () => void undefined_.push(on.trail.at(-1) ?? ''))
  const outcome = await on.run({ flags: { live: true, postcopy: true, persistDest: true, undefineSource: true } }, { mayReleaseEarly: () => Promise.resolve() })
  expect(outcome).toEqual({ outcome: 'moved', domain: { ...dom, id: 7 }, leftBehind: null })
  expect(on.trail).toEqual(['begin', 'prepare at destination', 'perform', 'finish(0) at destination', 'confirm(0)'])
  expect((on.source.argsOf('domainMigrateConfirm3Params')[0]?.flags ?? 0) & migrateFlags.undefineSource).toBe(0)
  expect(undefined_).toHaveLength(1)
})

it('is asked only once Finish has left', async () => {
  let at = -1
  await on.run({}, { mayReleaseEarly: () => ((at = on.trail.length), Promise.reject(new Error('not proven'))) })
  expect(at).toBeGreaterThanOrEqual(3)
  expect(on.trail.filter((call) => call.startsWith('confirm'))).toEqual(['confirm(0)'])
})

it('what is not proven in time leaves the usual order, with one Confirm', async () => {
  const never = gate()
  const outcome = await on.run({}, { mayReleaseEarly: () => never.opened })
  never.open()
  await Promise.resolve()
  expect(outcome).toMatchObject({ outcome: 'moved', leftBehind: null })
  expect(on.trail.filter((call) => call.startsWith('confirm'))).toEqual(['confirm(0)'])
})

it('a Finish that fails after the source was released never tells the source to go on', async () => {
  const confirmed = gate()
  slowFinish(confirmed.opened, true)
  on.source.on('domainMigrateConfirm3Params', () => confirmed.open())
  const outcome = await on.run({ flags: { live: true, postcopy: true } }, { mayReleaseEarly: () => Promise.resolve() })
  expect(outcome).toMatchObject({ outcome: 'failed', at: 'finish' })
  expect(on.trail.filter((call) => call.startsWith('confirm'))).toEqual(['confirm(0)'])
  expect(on.trail).not.toContain('resume')
})

it('cookies pass the relay on their way in both directions', async () => {
  await on.run({}, { replaceCookie: (cookie) => Buffer.from(`${cookie.toString()}*`) })
  const [prepare] = on.destination.argsOf('domainMigratePrepare3Params')
  const [perform] = on.source.argsOf('domainMigratePerform3Params')
  const [finish] = on.destination.argsOf('domainMigrateFinish3Params')
  expect([prepare, perform, finish].map((args) => args?.cookieIn.toString())).toEqual(['begin*', 'prepare*', 'perform'])
})
