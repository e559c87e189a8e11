import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { Failure } from '../../src-main/base/failure.ts'
import type { HostRecord } from './host-spec.ts'
import { labsFolder, LabPlaces } from './places.ts'
import { isAlive } from './processes.ts'

/** What another process needs to find a running lab: lab.json. */
export interface LabState {
  readonly name: string
  readonly networkIndex: number
  readonly interfaceName: string
  /** The shell that outlives the lab by the time it takes to remove its files. */
  readonly keeper: { readonly pid: number; readonly startTime: string }
  /** PID 1 of the lab's namespaces, as the machine numbers it. */
  readonly init: { readonly pid: number; readonly startTime: string }
  readonly hosts: readonly HostRecord[]
  /** Password of the non-root user, where there is one. */
  readonly userPassword: string
  readonly kernel: string
  readonly initramfs: string
}

/** The state of a lab, running or not; null when there is none. */
export function readLabState(name: string): LabState | null {
  try {
    return JSON.parse(readFileSync(new LabPlaces(name).state, 'utf8')) as LabState
  } catch {
    return null
  }
}

export function writeLabState(state: LabState): void {
  const path = new LabPlaces(state.name).state
  writeFileSync(`${path}.new`, JSON.stringify(state, null, 2), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

export function isLabRunning(state: LabState): boolean {
  return isAlive(state.init.pid, state.init.startTime)
}

/** Names of all labs that left a folder, running or not. */
export function labNames(): string[] {
  if (!existsSync(labsFolder)) return []
  return readdirSync(labsFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isLabName(entry.name))
    .map(({ name }) => name)
}

/** Lab names are parts of host names: lower-case letters, digits and hyphens, at most 20. */
export function isLabName(name: string): boolean {
  return /^[a-z][a-z0-9-]{0,19}$/.test(name)
}

export function requireLabName(name: string): string {
  if (isLabName(name)) return name
  throw new Failure('lab-name', `“${name}” cannot name a lab.`, { next: 'Use up to 20 lower-case letters, digits and hyphens, beginning with a letter.' })
}
