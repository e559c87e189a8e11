/** Quantities as the interface writes them: short, with a unit, at most three significant figures. */

const nbsp = '\u00a0'

function short(value: number): string {
  return String(Number(value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)))
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let index = 0
  let rest = Math.max(0, value)
  while (rest >= base * 0.9995 && index < units.length - 1) {
    rest /= base
    index++
  }
  return `${index === 0 ? Math.round(rest) : short(rest)}${nbsp}${units[index]}`
}

/** Bytes with binary units (`1.5 GiB`). */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'])
}

/** KiB, as libvirt counts memory, with binary units. */
export function formatKiB(kib: number): string {
  return formatBytes(kib * 1024)
}

/** Bytes per second with binary units. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`
}

/** Of a link, in the decimal units that links are sold in. */
export function formatMbps(mbps: number): string {
  return mbps >= 1000 ? `${mbps / 1000} Gbit/s` : `${mbps} Mbit/s`
}

/** A share of 0 to 1 as whole percent. Only a full one is 100 %: 99.9 % of a move is not its end. */
export function formatShare(share: number): string {
  const percent = share >= 1 ? 100 : Math.min(99, Math.floor(share * 100))
  return `${Math.max(0, percent)}${nbsp}%`
}

/** Hundredths of a percent (the samples' unit) as whole percent. */
export function formatCentiPercent(value: number): string {
  return `${Math.round(value / 100)}${nbsp}%`
}

/** Milliseconds as a length of time: `42 ms`, `3.2 s`, `2 min 05 s`, `1 h 12 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}${nbsp}ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)}${nbsp}s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds}${nbsp}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}${nbsp}min${nbsp}${String(seconds % 60).padStart(2, '0')}${nbsp}s`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours}${nbsp}h${nbsp}${String(minutes % 60).padStart(2, '0')}${nbsp}min`
  return `${Math.floor(hours / 24)}${nbsp}d${nbsp}${hours % 24}${nbsp}h`
}

/** A range of seconds: `12–18 s`, `1–2 min`; one figure where both ends read the same. */
export function formatSecondsRange([low, high]: readonly [number, number]): string {
  const unit = high < 100 ? { size: 1, name: 's' } : high < 5400 ? { size: 60, name: 'min' } : { size: 3600, name: 'h' }
  const from = Math.max(unit.size === 1 ? 1 : 0, Math.floor(low / unit.size))
  const to = Math.max(from, Math.ceil(high / unit.size))
  return from === to ? `${to}${nbsp}${unit.name}` : `${from}–${to}${nbsp}${unit.name}`
}

/** How long ago, coarse enough not to flicker: `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `5 d ago`. */
export function formatAge(then: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - then) / 1000))
  if (seconds < 3) return 'just now'
  if (seconds < 60) return `${seconds}${nbsp}s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${nbsp}min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}${nbsp}h ago`
  return `${Math.floor(seconds / 86_400)}${nbsp}d ago`
}

const today = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })
const dated = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false })

/** A moment: the time of day, with its date when it is not today. */
export function formatMoment(t: number, now: number = Date.now()): string {
  const isToday = new Date(t).toDateString() === new Date(now).toDateString()
  return (isToday ? today : dated).format(t)
}

/** `1 VM`, `3 VMs`. */
export function formatCount(count: number, one: string, many: string = `${one}s`): string {
  return `${count}${nbsp}${count === 1 ? one : many}`
}
