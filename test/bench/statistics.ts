/** The middle of the values; of an even number the mean of the two middle ones. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * A bootstrap interval of the median (percentile method): what 95 % of medians of resamples lie between.
 * Deterministic by `seed`, so that the same figures print the same interval.
 */
export function medianInterval(values: readonly number[], resamples = 2000, seed = 1): [number, number] {
  let state = seed >>> 0 || 1
  const random = () => {
    // xorshift32 (Marsaglia 2003): good enough to draw indices.
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  const medians = Array.from({ length: resamples }, () => median(values.map(() => values[Math.floor(random() * values.length)]!))).sort((a, b) => a - b)
  return [medians[Math.floor(resamples * 0.025)]!, medians[Math.ceil(resamples * 0.975) - 1]!]
}

/** To `digits` significant digits, as a number. */
export function rounded(value: number, digits = 4): number {
  return Number(value.toPrecision(digits))
}
