import { expect, test } from 'vitest'
import { moveOptions, type MovePlan, type Technique } from '../../../contract/migration.ts'
import { gangOf } from './run-gang.ts'
import { rowWith, runWith } from './run.fixture.ts'

const waiting = { state: 'waiting', reason: '' } as const
const row = (name: string, technique: Technique, destination: string, host = 'a') => rowWith(name, waiting, { vm: { host, uuid: `uuid-${name}` }, destination, options: moveOptions.parse({ technique }) })
const plan = (name: string, technique: Technique, from = 'a', to = 'b'): MovePlan => ({ vm: { host: from, uuid: `uuid-${name}` }, destination: to, options: moveOptions.parse({ technique }) })
const run = runWith([row('1', 'gang', 'b'), row('2', 'precopy', 'b'), row('3', 'gang', 'c'), row('4', 'gang', 'b', 'other')])

test('the rows of a run that leave one host as a gang know each other, whenever their turn comes', () => {
  expect(gangOf(run, plan('1', 'gang'), 'there')).toEqual({ id: 'gang-there-a-run-00000001', size: 2, index: 0, destinations: ['b', 'c'] })
  expect(gangOf(run, plan('3', 'gang', 'a', 'c'), 'there')).toMatchObject({ index: 1 })
  expect(gangOf(run, plan('2', 'precopy'), 'there')).toBeNull()
})

test('a gang that is brought back is another one', () => {
  expect(gangOf(run, plan('3', 'gang', 'c', 'a'), 'back')).toMatchObject({ id: 'gang-back-c-run-00000001', size: 1, destinations: ['a'] })
})
