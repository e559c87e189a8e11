import type { Engine } from './engine.ts'
import { liveEngine } from './live-engine.ts'

/** Pre-copy of several VMs at once, through the agents: a page that the destination's rack has, from whichever of them, does not cross again. */
export const gang: Engine = {
  ...liveEngine('gang', () => []),
  forecast(move, inputs) {
    const plain = liveEngine('precopy', () => []).forecast(move, inputs)
    return { ...plain, promise: 'What these VMs have in common, and pages of zeros, cross once. The time is that of pre-copy with nothing in common, which is the worst case.' }
  },
}
