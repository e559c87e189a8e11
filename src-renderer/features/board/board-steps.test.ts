import { expect, test } from 'vitest'
import { stepOnBoard } from './board-steps.ts'

const place = (key: string, left: number, top: number, width = 80) => ({ key, left, top, width, height: 28 })
// Two cards side by side: a head, and below it tiles.
const places = [place('A', 0, 0, 200), place('a1', 0, 40), place('a2', 90, 40), place('a3', 0, 72), place('B', 220, 0, 200), place('b1', 220, 40)]

test('left and right follow the order, across cards', () => {
  expect(stepOnBoard(places, 'a3', 'ArrowRight')).toBe('B')
  expect(stepOnBoard(places, 'A', 'ArrowLeft')).toBeNull()
})

test('up and down stay in line', () => {
  expect(stepOnBoard(places, 'A', 'ArrowDown')).toBe('a1')
  expect(stepOnBoard(places, 'a2', 'ArrowDown')).toBe('a3')
  expect(stepOnBoard(places, 'b1', 'ArrowUp')).toBe('B')
  expect(stepOnBoard(places, 'a3', 'ArrowDown')).toBeNull()
})

test('from nowhere it begins at the first', () => {
  expect(stepOnBoard(places, null, 'ArrowDown')).toBe('A')
  expect(stepOnBoard([], null, 'ArrowDown')).toBeNull()
})
