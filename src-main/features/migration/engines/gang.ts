import { forecastGang } from '../forecast/gang-model.ts'
import type { Engine } from './engine.ts'
import { liveEngine } from './live-engine.ts'

/** Pre-copy of several VMs at once, through the agents: a page that the destination's rack has, from whichever of them, does not cross again. */
export const gang: Engine = {
  ...liveEngine('gang', () => []),
  forecast: (move, inputs) => forecastGang(move.plan.options, inputs),
}
