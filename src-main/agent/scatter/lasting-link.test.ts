import { duplexPair } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frame, type Frame } from './frame.ts'
import { LastingLink } from './lasting-link.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))
const numbered = (first: number) => frame(4, { first, payload: Buffer.alloc(first % 5000) })

function ends() {
  const heard: [number[], number[]] = [[], []]
  const away: (string | null)[] = []
  let wires = duplexPair()
  const sides = wires.map((wire, i) => new LastingLink(wire, (got: Frame) => void heard[i as 0 | 1].push(got.first), (why) => void away.push(why))) as [LastingLink, LastingLink]
  return {
    sides,
    heard,
    away,
    breakOff: () => wires.forEach((wire) => wire.destroy()),
    redial() {
      wires = duplexPair()
      sides.forEach((side, i) => side.replace(wires[i as 0 | 1]))
    },
  }
}

test('however often the connection breaks, each frame arrives once and in order, both ways', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ here: fc.nat(80), there: fc.nat(80), turns: fc.nat(4), breaks: fc.boolean(), late: fc.nat(3) }), { minLength: 1, maxLength: 12 }), async (rounds) => {
      const { sides, heard, breakOff, redial } = ends()
      const sent = [0, 0] as [number, number]
      for (const { here, there, turns, breaks, late } of rounds) {
        for (let i = 0; i < here; i++) sides[0].send(numbered(sent[0]++))
        for (let i = 0; i < there; i++) sides[1].send(numbered(sent[1]++))
        for (let i = 0; i < turns; i++) await turn()
        if (!breaks) continue
        breakOff()
        for (let i = 0; i < late; i++) sides[0].send(numbered(sent[0]++))
        redial()
      }
      for (let i = 0; i < 1000 && (heard[1].length < sent[0] || heard[0].length < sent[1]); i++) await turn()
      expect(heard[1]).toEqual([...Array(sent[0]).keys()])
      expect(heard[0]).toEqual([...Array(sent[1]).keys()])
    }),
    { numRuns: 60 },
  )
})

test('one end may take another connection while it does not know yet that the former one is dead', async () => {
  const { sides, heard, away, redial } = ends()
  sides[0].send(numbered(0))
  redial()
  sides[0].send(numbered(1))
  await expect.poll(() => heard[1]).toEqual([0, 1])
  expect(away).toEqual([])
})

test('what has arrived is not kept for long', async () => {
  const { sides, heard } = ends()
  for (let i = 0; i < 1000; i++) sides[0].send(numbered(i))
  await expect.poll(() => heard[1].length).toBe(1000)
  await turn()
  expect(sides[0].kept).toBeLessThan(32)
})

test('a far side that claims more than was sent is not believed, and what made no sense does not come again', async () => {
  const [near, far] = duplexPair()
  const reasons: [string | null, boolean][] = []
  const link = new LastingLink(near, () => {}, (...told) => void reasons.push(told))
  far.write(frame(21, { first: 7 }))
  await expect.poll(() => reasons).toEqual([[expect.stringContaining('7 frames of 0'), false]])
  expect(link.isOpen).toBe(false)
})
