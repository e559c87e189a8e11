import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A process of the machine, as /proc tells it. */
export interface ProcessInfo {
  readonly pid: number
  readonly parent: number
  readonly name: string
  readonly argv: readonly string[]
  /** Clock ticks since boot; with the pid it names a process for good. */
  readonly startTime: string
  readonly isZombie: boolean
  /** Its pid in every nested PID namespace, outermost first. */
  readonly nestedPids: readonly number[]
}

/** One process, or null when it is gone. */
export function processInfo(pid: number): ProcessInfo | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const end = stat.lastIndexOf(')')
    const fields = stat.slice(end + 2).split(' ')
    const nested = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? String(pid)
    return {
      pid,
      parent: Number(fields[1]),
      name: stat.slice(stat.indexOf('(') + 1, end),
      argv: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1),
      startTime: fields[19] ?? '',
      isZombie: fields[0] === 'Z',
      nestedPids: nested.trim().split(/\s+/).map(Number),
    }
  } catch {
    return null
  }
}

/** Every process of the machine. */
export function allProcesses(): ProcessInfo[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processInfo(Number(name)))
    .filter((info) => info !== null)
}

/** The processes of the PID namespace whose init is `init`, and of those nested in it; `init` included. */
export function processesUnder(init: number, among: readonly ProcessInfo[] = allProcesses()): ProcessInfo[] {
  const root = among.find(({ pid }) => pid === init)
  if (!root) return []
  const namespace = pidNamespace(init)
  const depth = root.nestedPids.length
  const inside = new Set<number>([init])
  // Adopted orphans become children of the namespace's init, so following parents finds all but what nsenter brought in.
  for (let grown = true; grown; ) {
    grown = false
    for (const info of among) {
      if (inside.has(info.pid)) continue
      const isForeign = info.nestedPids.length === depth && !inside.has(info.parent) && pidNamespace(info.pid) === namespace
      if (inside.has(info.parent) || isForeign) {
        inside.add(info.pid)
        grown = true
      }
    }
  }
  return among.filter(({ pid }) => inside.has(pid))
}

function pidNamespace(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    return null
  }
}

/** True while this very process lives (a zombie does not). */
export function isAlive(pid: number, startTime: string): boolean {
  const info = processInfo(pid)
  return info !== null && info.startTime === startTime && !info.isZombie
}

/** Sends a signal; a process that ended in the meantime is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown
  }
}
