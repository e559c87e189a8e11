import { expect, test } from 'vitest'
import { moveOptions, type Technique } from '../../../contract/migration.ts'
import type { PlanRow } from '../../../contract/plan.ts'
import { offersOf, type OfferFacts } from './offers.ts'

const GB = 1e9
const row = (name: string, over: Partial<PlanRow> = {}, technique: Technique = 'precopy'): PlanRow => ({
  vm: { host: 'a', uuid: name }, name, destination: 'b', how: 'live', options: moveOptions.parse({ technique }), priority: 'normal', why: '', state: 'running', memoryKiB: 1 << 20, vcpus: 1, decision: 'move',
  verdict: 'fits', findings: [], forecast: { seconds: [160, 200], downtimeMs: [10, 90], converges: 'yes', bytes: [1 * GB, 1 * GB], dirtyRate: 1e6, bandwidth: 6e6, basis: '' }, slot: null, isChecked: true, obstacle: null, ...over,
})
const facts = (over: Partial<OfferFacts> = {}): OfferFacts => ({
  source: { id: 'a', name: 'alpha' }, rows: [row('1'), row('2')], seconds: [330, 390], way: () => ({ low: 5e6, high: 6e6, basis: '', mbps: 400 }), line: () => null, hosts: 3, usesAgent: true, forecastAs: ({ forecast }) => forecast, ...over,
})
const of = (over: Partial<OfferFacts>) => Object.fromEntries(offersOf(facts(over)).map((offer) => [offer.technique, offer]))

test('where destinations are slow the source is free much sooner, and that is said in seconds', () => {
  const { scatter, gang } = of({})
  expect(scatter).toMatchObject({ taken: 0, of: 2, whyNot: null, promise: expect.stringMatching(/alpha needs to stay up/) })
  expect(scatter!.sourceFreeSeconds![1]).toBeLessThan(330 / 3)
  expect(gang).toMatchObject({ whyNot: null, promise: expect.stringMatching(/crosses once/) })
})

test('where they take all that the source sends it does not pay', () => {
  expect(of({ seconds: [45, 60] })['scatter']).toMatchObject({ promise: expect.stringMatching(/does not pay/), whyNot: null })
})

test('what a sample says of the VMs is in the offer, in bytes', () => {
  const forecastAs: OfferFacts['forecastAs'] = ({ forecast }, technique) => forecast && { ...forecast, bytes: technique === 'gang' ? [0.25 * GB, 0.35 * GB] : [1 * GB, 1 * GB] }
  expect(of({ forecastAs })['gang']?.promise).toMatch(/about 572.MiB cross instead of 1.9.GiB by pre-copy/)
})

test('what cannot be done says why, and what is not known is not guessed', () => {
  expect(of({ hosts: 1 })['scatter']?.whyNot).toMatch(/third connected host/)
  expect(of({ usesAgent: false })).toMatchObject({ scatter: { whyNot: expect.stringMatching(/agents/) }, gang: { whyNot: expect.stringMatching(/agents/) } })
  expect(of({ rows: [row('1')] })['gang']?.whyNot).toMatch(/two running/)
  expect(of({ way: () => ({ low: 1, high: 2, basis: '', mbps: null }) })['scatter']).toMatchObject({ sourceFreeSeconds: null, promise: expect.stringMatching(/not known/) })
  expect(offersOf(facts({ rows: [row('1', { how: 'stay', destination: null })] }))).toEqual([])
})

test('with two other hosts it is offered with one copy, and what that risks is said before it is taken', () => {
  expect(of({ hosts: 2 })['scatter']).toMatchObject({ replicas: 1, whyNot: null, promise: expect.stringMatching(/losing it before the VM is complete loses the VM/) })
  expect(of({ hosts: 3 })['scatter']).toMatchObject({ replicas: null, promise: expect.not.stringMatching(/losing/) })
})

test('rows that take it already are counted', () => {
  expect(of({ rows: [row('1', {}, 'scatter'), row('2', {}, 'gang')] })).toMatchObject({ scatter: { taken: 1, of: 2 }, gang: { taken: 1, of: 2 } })
})
