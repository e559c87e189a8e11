import { expect, it } from 'vitest'
import { SampleHistory } from './history.ts'
import { rates, type Counters } from './rates.ts'

const at = (milliseconds: number, cpuNs: number, readBytes = 0): Counters => ({
  at: milliseconds,
  cpuNs,
  memoryKiB: 2048,
  readBytes,
  writeBytes: 0,
  rxBytes: 0,
  txBytes: 0,
})

it('turns counters into rates', () => {
  expect(rates(at(0, 0), at(2000, 1_000_000_000, 4096), 2)).toEqual({ cpu: 5000, memory: 2048, read: 2048, write: 0, rx: 0, tx: 0 })
})

it('takes a counter that fell for one that started anew', () => {
  expect(rates(at(0, 5e9, 9000), at(1000, 1e8, 500), 1)).toMatchObject({ cpu: 1000, read: 500 })
})

it('says nothing where no time has passed', () => {
  expect(rates(at(5, 0), at(5, 1), 1)).toBeNull()
})

it('keeps the newest samples, oldest first', () => {
  const history = new SampleHistory(3)
  for (let i = 1; i <= 5; i++) history.push(i, { cpu: i * 10, memory: 0, read: 0, write: 0, rx: 0, tx: 0 })
  expect(history.toHistory()).toMatchObject({ t: [3, 4, 5], cpu: [30, 40, 50] })
})
