import { expect, test } from 'vitest'
import { residentsOf, sharesAfter } from './common-pages.ts'

const guest = (kind: string, usedBytes: number) => ({ usedBytes, about: { process: { kind } } }) as never

test('of its content a VM brings what neither those before it nor those at the destination have', () => {
  const none = new Set<string>()
  expect(sharesAfter('web', none)).toMatchObject({ across: 0, there: 0 })
  expect(sharesAfter('web', new Set(['web']))).toMatchObject({ across: 0.6, there: 0 })
  const all = residentsOf([guest('web', 100)], 100)
  expect(sharesAfter('web', none, all)).toMatchObject({ across: 0, there: 0.6 })
  // What is there already is not brought by the one before.
  expect(sharesAfter('web', new Set(['web']), all)).toMatchObject({ across: 0, there: 0.6 })
  expect(sharesAfter('db', new Set(['web']), all).there).toBeLessThan(0.15)
})

test('an agent that keeps a quarter of what its VMs hold has a quarter of what is in common', () => {
  const some = residentsOf([guest('web', 300), guest('db', 100)], 100)
  expect(some).toMatchObject({ part: 0.25 })
  expect(sharesAfter('web', new Set(), some).there).toBeCloseTo(0.15)
  expect(residentsOf([], 100).part).toBe(0)
})
