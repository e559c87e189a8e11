import type { Disposable } from '../../base/disposable.ts'
import { domainStates, pausedReasons, runningReasons, shutoffReasons } from '../../libvirt/wire/constants/domain-state.ts'
import type { DomainRef } from '../../libvirt/wire/objects.ts'
import type { TypedParameter } from '../../libvirt/wire/typed-parameter.ts'
import type { Guest } from '../guest.ts'
import type { Session } from './session.ts'
import type { Migration } from '../physics/migration.ts'

/** What a daemon is doing with a domain for longer than a moment. */
export type DomainJob =
  | { readonly kind: 'out'; phase: 'begun' | 'performing' | 'performed' | 'confirming'; readonly owner: Session; flags: number; migration: Migration | null; readonly startedAt: number }
  | { readonly kind: 'in'; phase: 'prepared' | 'finishing'; readonly owner: Session; readonly port: number; readonly flags: number; readonly startedAt: number; migration: Migration | null }

export type State =
  | { readonly state: 'running'; readonly reason: keyof typeof runningReasons }
  | { readonly state: 'paused'; readonly reason: keyof typeof pausedReasons }
  | { readonly state: 'shutoff'; readonly reason: keyof typeof shutoffReasons }

/** A domain as one daemon knows it. The guest in it may go elsewhere. */
export class Domain {
  readonly uuid: string
  readonly guest: Guest
  name: string
  /** -1 while it is off. */
  id = -1
  liveXml: string | null = null
  inactiveXml: string | null
  hasAutostart = false
  hasManagedSave = false
  job: DomainJob | null = null
  lastJob: readonly TypedParameter[] | null = null
  maxSpeed = 0
  maxDowntime = 300
  /** Port of its display while it runs; null where it has none. */
  displayPort: number | null = null
  /** Who looks at its display. */
  readonly viewers = new Set<Disposable>()
  dirtyRate: { startedAt: number; seconds: number; mibPerSecond: number } | null = null
  #state: State = { state: 'shutoff', reason: 'unknown' }
  /** Changes with everything that its stats template is made of. */
  version = 0

  constructor(of: { uuid: string; name: string; guest: Guest; inactiveXml: string | null }) {
    this.uuid = of.uuid
    this.name = of.name
    this.guest = of.guest
    this.inactiveXml = of.inactiveXml
  }

  /** Its QEMU is gone, and all that it kept open. */
  cease(): void {
    this.id = -1
    this.liveXml = null
    this.job = null
    this.displayPort = null
    for (const viewer of [...this.viewers]) viewer.dispose()
  }

  get ref(): DomainRef {
    return { name: this.name, uuid: this.uuid, id: this.id }
  }

  get isActive(): boolean {
    return this.id >= 0
  }

  get isPersistent(): boolean {
    return this.inactiveXml !== null
  }

  get xml(): string {
    return this.liveXml ?? this.inactiveXml ?? ''
  }

  get state(): State {
    return this.#state
  }

  set state(state: State) {
    this.#state = state
    this.version++
  }

  get numbers(): { state: number; reason: number } {
    return numbersOf(this.#state)
  }
}

export function numbersOf(state: State): { state: number; reason: number } {
  const reason = state.state === 'running' ? runningReasons[state.reason] : state.state === 'paused' ? pausedReasons[state.reason] : shutoffReasons[state.reason]
  return { state: domainStates[state.state], reason }
}
