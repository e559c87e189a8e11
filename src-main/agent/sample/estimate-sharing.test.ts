import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { estimateSharing } from './estimate-sharing.ts'

/** Numbers that look random and are the same in every run. */
function random(seed: number): () => number {
  let n = 0
  return () => createHash('sha256').update(`${seed} ${n++}`).digest().readUInt32BE(0) / 2 ** 32
}

/** VMs of `pages` pages of which some are zeros and some come from one image, in the same places or in others; and a sample of them. */
function gang(about: { vms: number; pages: number; zero: number; image: number; isMoved: boolean; share: number }) {
  const draw = random(7)
  const places = Array.from({ length: about.pages }, (_, i) => i).filter(() => draw() < about.share)
  const vms = Array.from({ length: about.vms }, (_, vm) => {
    const own = random(vm + 100)
    const memory = Array.from({ length: about.pages }, (_, i): string | null => {
      const part = i / about.pages
      return part < about.zero ? null : part < about.zero + about.image ? `image ${i}` : `vm ${vm} ${i}`
    })
    if (about.isMoved) for (let i = memory.length - 1; i > 0; i--) {
      const j = Math.floor(own() * (i + 1))
      ;[memory[i], memory[j]] = [memory[j]!, memory[i]!]
    }
    return places.map((place) => memory[place]!)
  })
  return estimateSharing(vms, about.share)
}

test('what lies in the same places is estimated closely', () => {
  const { zero, inVm, acrossVms } = gang({ vms: 4, pages: 20_000, zero: 0.3, image: 0.5, isMoved: false, share: 0.05 })
  expect(zero).toBeCloseTo(0.3, 1)
  expect(inVm).toEqual([0, 0])
  // The first VM brings it: three of four have it from there.
  expect(acrossVms[0]).toBeCloseTo(0.375, 1)
  expect(acrossVms[1]).toBe(acrossVms[0])
})

test('what lies elsewhere in each VM is within the range', () => {
  const { acrossVms } = gang({ vms: 4, pages: 20_000, zero: 0.3, image: 0.5, isMoved: true, share: 0.05 })
  expect(acrossVms[0]).toBeLessThan(0.375)
  expect(acrossVms[1]).toBeGreaterThan(0.3)
})

test('unlike machines share nothing, and nothing at all is no trouble', () => {
  expect(gang({ vms: 3, pages: 5_000, zero: 0.2, image: 0, isMoved: false, share: 0.1 })).toMatchObject({ inVm: [0, 0], acrossVms: [0, 0] })
  expect(estimateSharing([], 0.1)).toEqual({ sampled: 0, zero: 0, inVm: [0, 0], acrossVms: [0, 0] })
})

test('content that one VM has over and over counts as its own', () => {
  const { inVm, acrossVms } = estimateSharing([Array<string>(100).fill('same')], 0.1)
  expect(inVm[0]).toBeGreaterThan(0.9)
  expect(acrossVms).toEqual([0, 0])
})
