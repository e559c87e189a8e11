/** What a guest's serial lines said between the start of a watch and its end. Times are the machine's, in milliseconds. */
export interface WatchReport {
  readonly ticks: number
  /** Ticks per host, in the order in which the hosts were given. */
  readonly ticksByHost: readonly number[]
  /** The longest silence between two ticks, and when it ended, counted from the first tick. */
  readonly gapMs: number
  readonly gapEndedAtMs: number
  /** The longest silence between a tick on one host and the next on another: the downtime of a move, to within one tick; null when none moved. */
  readonly moveGapMs: number | null
  /** Silence that is usual for this guest: the median between two ticks. */
  readonly usualMs: number
  /** Sequence numbers never seen. One per move may be an unreadable line: see `garbled`. */
  readonly lost: readonly number[]
  /** Sequence numbers seen twice: the guest was set back, or ran in two places. */
  readonly duplicated: readonly number[]
  /** Times that a host ticked on after another had taken over. Anything above the number of moves means two running copies. */
  readonly changesOfHost: number
  readonly garbled: readonly string[]
  /** The guest's own complaints about its memory, verbatim. */
  readonly bad: readonly string[]
  /** The guest's clock at the last tick less that at the first, and the machine's. Under TCG the guest's lacks the downtime. */
  readonly guestMs: number
  readonly machineMs: number
}

interface Tick {
  readonly sequence: number
  readonly guestUs: number
  readonly atMs: number
  readonly host: number
}

/**
 * Puts one guest's serial output together again, from pieces of several hosts' logs in the order of their arrival. A line that was cut in two
 * by a move is whole again, since its pieces follow upon each other.
 */
export class TickStream {
  readonly #hosts: number
  readonly #ticks: Tick[] = []
  readonly #garbled: string[] = []
  readonly #bad: string[] = []
  #rest = ''
  #isFirstLine = true

  constructor(hosts: number) {
    this.#hosts = hosts
  }

  get ticks(): number {
    return this.#ticks.length
  }

  /** The host (by index) of the latest tick, or null. */
  get latestHost(): number | null {
    return this.#ticks.at(-1)?.host ?? null
  }

  add(atMs: number, host: number, text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line.replaceAll('\r', ''), atMs, host)
  }

  #line(line: string, atMs: number, host: number): void {
    const isFirst = this.#isFirstLine
    this.#isFirstLine = false
    const tick = /^TICK (\d+) (\d+)$/.exec(line)
    if (tick) this.#ticks.push({ sequence: Number(tick[1]), guestUs: Number(tick[2]), atMs, host })
    else if (line.startsWith('BAD ')) this.#bad.push(line)
    // The watch may have begun in the middle of a line; other reports of the guest's program are no ticks, and fine.
    else if (!isFirst && line !== '' && !/^[A-Z]{3,}( |$)/.test(line)) this.#garbled.push(line)
    else if (/^TICK/.test(line)) this.#garbled.push(line)
  }

  report(): WatchReport {
    const ticks = this.#ticks
    const seen = new Map<number, number>()
    for (const { sequence } of ticks) seen.set(sequence, (seen.get(sequence) ?? 0) + 1)
    const first = ticks[0]
    const last = ticks.at(-1)
    const steps = ticks.slice(1).map((tick, index) => ({ tick, before: ticks[index] as Tick, ms: tick.atMs - (ticks[index] as Tick).atMs }))
    const longest = steps.reduce((most, step) => (step.ms > most.ms ? step : most), { ms: 0, tick: first })
    const moves = steps.filter(({ tick, before }) => tick.host !== before.host)
    const sorted = steps.map(({ ms }) => ms).sort((a, b) => a - b)
    const lost: number[] = []
    const highest = ticks.reduce((most, { sequence }) => Math.max(most, sequence), 0)
    for (let sequence = first?.sequence ?? 1; sequence < highest; sequence++) if (!seen.has(sequence)) lost.push(sequence)
    return {
      ticks: ticks.length,
      ticksByHost: Array.from({ length: this.#hosts }, (_, host) => ticks.filter((tick) => tick.host === host).length),
      gapMs: longest.ms,
      gapEndedAtMs: (longest.tick?.atMs ?? 0) - (first?.atMs ?? 0),
      moveGapMs: moves.length ? Math.max(...moves.map(({ ms }) => ms)) : null,
      usualMs: sorted[sorted.length >> 1] ?? 0,
      lost,
      duplicated: [...seen].filter(([, times]) => times > 1).map(([sequence]) => sequence),
      changesOfHost: moves.length,
      garbled: this.#garbled,
      bad: this.#bad,
      guestMs: ((last?.guestUs ?? 0) - (first?.guestUs ?? 0)) / 1000,
      machineMs: (last?.atMs ?? 0) - (first?.atMs ?? 0),
    }
  }
}
