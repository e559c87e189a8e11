import { shareOut } from './link-shares.ts'

/** One move as its schedule sees it. Seconds, bytes, bytes per second. */
export interface Task {
  readonly key: string
  readonly source: string
  readonly destination: string
  /** Before and after the copying: nothing crosses the network meanwhile. */
  readonly overhead: number
  readonly bytes: number
  /** What it gets when it is alone; 0 where nothing crosses. */
  readonly rate: number
  /** What the guest writes anew meanwhile, and so crosses once more; 0 where it does not. */
  readonly dirtyRate: number
}

export interface Limits {
  /** Moves at once that touch one host, and between the same two. */
  readonly perHost: number
  readonly perLink: number
  /** Bytes per second that all moves over one host's network may take; null is no limit. */
  readonly budget: number | null
  /** Seconds between two that begin. */
  readonly stagger: number
  /** What a host's side of the network carries, bytes per second. */
  readonly line: (host: string, side: 'out' | 'in') => number
}

export interface Schedule {
  /** When each begins and ends, in seconds after the beginning, by key. */
  readonly slots: ReadonlyMap<string, readonly [number, number]>
  readonly total: number
}

interface Going {
  readonly task: Task
  readonly began: number
  overhead: number
  /** Bytes that no longer change are left to be sent. */
  work: number
}

/** Of its rate a guest's writes take at most this: a move that does not converge is not forecast to last for ever. */
const mostDirty = 0.9

/**
 * Plays the moves through: in their order, each as soon as its hosts and its link have room for it, sharing the network. A move that gets less than the whole line
 * also sends more of what the guest writes meanwhile. Each of the tasks gets a slot.
 */
export function schedule(tasks: readonly Task[], limits: Limits): Schedule {
  const slots = new Map<string, readonly [number, number]>()
  const waiting = [...tasks]
  let going: Going[] = []
  let now = 0
  let nextStart = 0
  const room = new Room(limits)
  // Something ended since it was last looked who may begin.
  let isFreed = true
  while (waiting.length > 0 || going.length > 0) {
    if (isFreed && now >= nextStart - 1e-9) {
      isFreed = limits.stagger > 0
      for (let i = 0; i < waiting.length; ) {
        if (!room.has(waiting[i]!)) i++
        else {
          const [task] = waiting.splice(i, 1)
          room.count(task!, 1)
          going.push({ task: task!, began: now, overhead: task!.overhead, work: task!.bytes * (1 - dirtyShare(task!)) })
          if (limits.stagger > 0) {
            nextStart = now + limits.stagger
            break
          }
        }
      }
    }
    const copying = going.filter(({ overhead, work }) => overhead <= 0 && work > 0)
    const speeds = shareOut(copying.map(({ task }) => task), limits.line, limits.budget)
    const drains = new Map(copying.map(({ task }, i) => [task.key, drain(task, speeds[i]!)]))
    let step = waiting.length > 0 && nextStart > now ? nextStart - now : Infinity
    for (const { task, overhead, work } of going) step = Math.min(step, overhead > 0 ? overhead : work > 0 ? work / drains.get(task.key)! : 0)
    // Nothing goes on and nothing may begin: limits below one move.
    if (!Number.isFinite(step)) break
    now += step
    for (const each of going) {
      if (each.overhead > 0) each.overhead = settle(each.overhead - step)
      else each.work = settle(each.work - step * (drains.get(each.task.key) ?? 0))
    }
    for (const { task, began } of going.filter(isOver)) {
      slots.set(task.key, [began, now])
      room.count(task, -1)
      isFreed = true
    }
    going = going.filter((each) => !isOver(each))
  }
  return { slots, total: now }
}

/** How many moves touch each host, and go on between each two. */
class Room {
  readonly #limits: Pick<Limits, 'perHost' | 'perLink'>
  readonly #counts = new Map<string, number>()

  constructor(limits: Pick<Limits, 'perHost' | 'perLink'>) {
    this.#limits = limits
  }

  has({ source, destination }: Task): boolean {
    const { perHost, perLink } = this.#limits
    return this.#of(source) < perHost && this.#of(destination) < perHost && this.#of(`${source} ${destination}`) < perLink
  }

  count({ source, destination }: Task, change: 1 | -1): void {
    for (const key of [source, destination, `${source} ${destination}`]) this.#counts.set(key, this.#of(key) + change)
  }

  #of(key: string): number {
    return this.#counts.get(key) ?? 0
  }
}

function isOver({ overhead, work }: Going): boolean {
  return overhead <= 0 && work <= 0
}

function dirtyShare({ dirtyRate, rate }: Task): number {
  return rate > 0 ? Math.min(mostDirty, dirtyRate / rate) : 0
}

/** Bytes per second by which what is left shrinks. */
function drain(task: Task, speed: number): number {
  const lasting = speed - dirtyShare(task) * task.rate
  return Math.max(1, lasting, speed * (1 - mostDirty))
}

/** Sums of differences do not end at zero by themselves. */
function settle(left: number): number {
  return left < 1e-6 ? 0 : left
}
