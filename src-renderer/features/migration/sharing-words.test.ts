import { expect, it } from 'vitest'
import { leftToSend, sharingWord } from './sharing-words.ts'

const told = { kind: 'estimated' as const, host: 'a', vms: 4, memoryKiB: 4 * 1048576, sampled: 16_384, zero: 0.3, inVm: [0, 0.1] as [number, number], acrossVms: [0.4, 0.4] as [number, number] }

it('says what would cross as a range, and where it is known from', () => {
  expect(leftToSend(told)).toEqual([expect.closeTo(0.2 * 4 * 1048576, 0), expect.closeTo(0.3 * 4 * 1048576, 0)])
  expect(sharingWord(told, 'alpha').replaceAll('\u00a0', ' ')).toMatch(/^Of 4 GiB, about 30 % are zeros, 0–10 % twice in the same VM, 40 % the same in several: about .* would cross\. From 16,384 pages that the agent on alpha/)
})
