/** A quantity that is not known exactly: least and most that is believed, and in words where it comes from. */
export interface Estimate {
  readonly low: number
  readonly high: number
  readonly basis: string
}

/** What a sample said of VMs that leave one host. */
export interface SharedMemory {
  /** Share of the pages with content that crosses, 0 to 1: what is left when each is sent once. */
  readonly crosses: readonly [number, number]
  readonly sampled: number
}

/** What a move is reckoned from. Bytes, bytes per second, milliseconds. */
export interface ForecastInputs {
  /** Memory that has content. */
  readonly memory: Estimate
  /** All memory that the guest may touch. */
  readonly memoryTotal: number
  /** Of disks to be copied; 0 when none is. */
  readonly storage: number
  readonly dirtyRate: Estimate
  readonly bandwidth: Estimate
  readonly downtimeLimitMs: number
  /** Of a gang: what a sample said; null, or left out, where nobody has looked. */
  readonly sharing?: SharedMemory | null
}

/** QEMU's own default (migrate_set_parameter downtime-limit). */
export const defaultDowntimeMs = 300

/** Narrower or wider around one value: `spread` 0.2 is a fifth below and above. */
export function around(value: number, spread: number, basis: string): Estimate {
  return { low: value * (1 - spread), high: value * (1 + spread), basis }
}
