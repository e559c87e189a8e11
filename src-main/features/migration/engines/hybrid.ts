import { liveEngine } from './live-engine.ts'
import { switchingFindings } from './postcopy.ts'

/** Rounds of pre-copy, then post-copy: by hand, after a time, or when the rounds stop gaining. */
export const hybrid = liveEngine('hybrid', switchingFindings)
