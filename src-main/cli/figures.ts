/** KiB as `1.5 GiB`. */
export function kib(value: number): string {
  return bytes(value * 1024)
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** Bytes with three significant digits. */
export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10))
  const scaled = value / 1024 ** power
  return `${scaled >= 100 || power === 0 ? Math.round(scaled) : scaled >= 10 ? scaled.toFixed(1) : scaled.toFixed(2)} ${units[power]}`
}

/** Seconds as `8 s`, `3 min 20 s` or `2 h 5 min`. */
export function seconds(value: number): string {
  const whole = Math.max(0, Math.round(value))
  if (whole < 90) return `${whole} s`
  if (whole < 5400) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`
}

export function range([low, high]: readonly [number, number], show: (value: number) => string): string {
  const [from, to] = [show(low), show(high)]
  return from === to ? from : `${from} to ${to}`
}
