import type { MoveSamples } from '../../../src-main/contract/job.ts'

/** No samples yet. */
export function noSamples(): MoveSamples {
  return {
    t: [], phase: [], memoryTotal: [], memoryRemaining: [], memoryTransferred: [], throughput: [], dirtyRate: [], iteration: [], throttle: [],
    diskTotal: [], diskTransferred: [], postcopyRequests: [], blocktimeMs: [], expectedDowntimeMs: [], pages: [],
  }
}

/** Both, one after the other, as new arrays. */
export function appended(before: MoveSamples, more: MoveSamples): MoveSamples {
  const joined = noSamples()
  for (const column of Object.keys(joined) as (keyof MoveSamples)[]) (joined[column] as unknown[]) = [...before[column], ...more[column]]
  return joined
}

/** The newest value of a column; null where there is none. */
export function latest<K extends keyof MoveSamples>(samples: MoveSamples, column: K): MoveSamples[K][number] | null {
  return (samples[column].at(-1) as MoveSamples[K][number] | undefined) ?? null
}

/** The first moment of a phase, for a mark in the charts. */
export function beganAt(samples: MoveSamples, phase: MoveSamples['phase'][number]): number | null {
  const index = samples.phase.indexOf(phase)
  return index < 0 ? null : (samples.t[index] ?? null)
}
