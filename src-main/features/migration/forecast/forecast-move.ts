import type { Forecast, MoveOptions } from '../../../contract/migration.ts'
import type { ForecastInputs } from './forecast-inputs.ts'
import { reckonPrecopy } from './precopy-model.ts'

interface Reckoned {
  readonly seconds: number
  readonly downtimeMs: number
  readonly bytes: number
  readonly isConverging: boolean
}

/** What Begin, Prepare and Confirm take beside the copying, in seconds: seen 0.5 s between two idle hosts. */
const callSeconds = { low: 0.5, high: 2 }
/** The switch of a post-copy: device state and the way from Perform's reply to Finish. */
const switchMs = { low: 30, high: 300 }

/**
 * What a move will take: the model reckoned twice, once with everything as favourable as its inputs allow and once with everything against it.
 * `converges` is `unsure` when the two disagree.
 */
export function forecastMove(options: Pick<MoveOptions, 'technique' | 'autoConverge'>, inputs: ForecastInputs): Forecast {
  const best = reckon(options, inputs, 'low')
  const worst = reckon(options, inputs, 'high')
  return {
    // One more round, or throttling, may make the worse case better in one figure.
    seconds: ordered(round(best.seconds + callSeconds.low, 1), round(worst.seconds + callSeconds.high, 1)),
    downtimeMs: ordered(Math.round(best.downtimeMs), Math.round(worst.downtimeMs)),
    converges: worst.isConverging ? 'yes' : best.isConverging ? 'unsure' : 'no',
    bytes: ordered(Math.round(best.bytes), Math.round(worst.bytes)),
    dirtyRate: options.technique === 'offline' ? null : Math.round((inputs.dirtyRate.low + inputs.dirtyRate.high) / 2),
    bandwidth: Math.round((inputs.bandwidth.low + inputs.bandwidth.high) / 2),
    basis: basisOf(options, inputs),
  }
}

function reckon(options: Pick<MoveOptions, 'technique' | 'autoConverge'>, inputs: ForecastInputs, side: 'low' | 'high'): Reckoned {
  const bandwidth = Math.max(1, side === 'low' ? inputs.bandwidth.high : inputs.bandwidth.low)
  const memory = Math.min(inputs.memoryTotal, inputs.memory[side])
  const dirtyRate = inputs.dirtyRate[side]
  const storageSeconds = inputs.storage / bandwidth
  const switching = switchMs[side]
  switch (options.technique) {
    case 'offline':
      return { seconds: storageSeconds, downtimeMs: 0, bytes: inputs.storage, isConverging: true }
    case 'postcopy':
    case 'scatter':
      return { seconds: storageSeconds + memory / bandwidth + switching / 1000, downtimeMs: switching, bytes: inputs.storage + memory, isConverging: true }
    case 'hybrid': {
      // At worst one full round, then what it left dirty crosses once more.
      const dirtied = Math.min(inputs.memoryTotal, (dirtyRate * memory) / bandwidth)
      const seconds = storageSeconds + (memory + dirtied) / bandwidth + switching / 1000
      return { seconds, downtimeMs: switching, bytes: inputs.storage + memory + dirtied, isConverging: true }
    }
    case 'precopy':
    case 'gang': {
      const outcome = reckonPrecopy({ memory, dirtyable: inputs.memoryTotal, dirtyRate, bandwidth, downtimeLimitMs: inputs.downtimeLimitMs, isThrottled: options.autoConverge })
      return { seconds: storageSeconds + outcome.seconds, downtimeMs: outcome.downtimeMs, bytes: inputs.storage + outcome.bytes, isConverging: outcome.isConverging }
    }
  }
}

function basisOf(options: Pick<MoveOptions, 'technique'>, inputs: ForecastInputs): string {
  const parts = [`Bandwidth: ${inputs.bandwidth.basis}`]
  if (options.technique !== 'offline') parts.push(`memory: ${inputs.memory.basis}`, `dirty rate: ${inputs.dirtyRate.basis}`)
  if (inputs.storage > 0) parts.push('disks: their allocation')
  return `${parts.join('; ')}.`
}

function ordered(a: number, b: number): [number, number] {
  return a <= b ? [a, b] : [b, a]
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
