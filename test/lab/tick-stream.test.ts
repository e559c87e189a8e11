import { describe, expect, it } from 'vitest'
import { TickStream } from './tick-stream.ts'

describe('TickStream', () => {
  it('joins a line that a move cut in two, and measures the silence between hosts', () => {
    const stream = new TickStream(2)
    stream.add(0, 0, 'CK 9 1\r\nTICK 10 1000\r\n')
    stream.add(10, 0, 'TICK 11 2000\r\nTICK 1')
    stream.add(110, 1, '2 3000\r\n')
    stream.add(120, 1, 'TICK 13 4000\r\n')
    expect(stream.report()).toMatchObject({ ticks: 4, ticksByHost: [2, 2], lost: [], duplicated: [], garbled: [], gapMs: 100, moveGapMs: 100, changesOfHost: 1, guestMs: 3, machineMs: 120 })
  })

  it('tells lost, repeated and unreadable lines, and the guest’s complaints', () => {
    const stream = new TickStream(2)
    stream.add(0, 0, 'TICK 1 1\nTICK 2 2\nTICK 5 5\n')
    stream.add(1, 1, 'TICK 5 5\n??\nBAD page=1 offset=2 expected=00 found=01 version=0\nVERIFIED pages=1\n')
    stream.add(2, 0, 'TICK 6 6\n')
    expect(stream.report()).toMatchObject({
      lost: [3, 4],
      duplicated: [5],
      garbled: ['??'],
      bad: ['BAD page=1 offset=2 expected=00 found=01 version=0'],
      changesOfHost: 2,
    })
  })

  it('has a report without any tick', () => {
    expect(new TickStream(1).report()).toMatchObject({ ticks: 0, lost: [], gapMs: 0, moveGapMs: null })
  })
})
