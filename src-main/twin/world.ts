import type { Disposable } from '../base/disposable.ts'
import { Emitter } from '../base/event.ts'
import { Failure } from '../base/failure.ts'
import type { Transport } from '../transport/transport.ts'
import { faultKey, type Fault } from './faults.ts'
import type { LabDescription } from './lab.ts'
import { WorldClock } from './time/world-clock.ts'

export interface WorldOptions {
  /** Default: the lab's, else 1. The same seed gives the same world. */
  readonly seed?: number
  readonly speed?: number
  /** Time stands still but for `clock.advance`. */
  readonly isManual?: boolean
}

/** The faults of a world that are in force. */
export class Faults {
  readonly #active = new Map<string, Fault>()
  readonly #changed = new Emitter<void>()
  readonly #take: (fault: Fault, isOn: boolean) => void
  readonly onDidChange = this.#changed.event

  constructor(take: (fault: Fault, isOn: boolean) => void) {
    this.#take = take
  }

  get active(): readonly Fault[] {
    return [...this.#active.values()]
  }

  /** Throws `twin-no-host` or `twin-no-vm` for what the world does not have. One that is in force already is replaced. */
  apply(fault: Fault): void {
    this.undo(fault)
    this.#take(fault, true)
    this.#active.set(faultKey(fault), fault)
    this.#changed.fire()
  }

  /** Does nothing where the fault is not in force. */
  undo(fault: Fault): void {
    const active = this.#active.get(faultKey(fault))
    if (!active) return
    this.#active.delete(faultKey(fault))
    this.#take(active, false)
    this.#changed.fire()
  }
}

/** A lab that lives in this process: hosts that talk as libvirt does, guests that have memory and write to it, cables that carry so much. */
export class World implements Disposable {
  readonly lab: LabDescription
  readonly clock: WorldClock
  readonly faults: Faults

  private constructor(lab: LabDescription, options: WorldOptions) {
    this.lab = lab
    this.clock = new WorldClock({ ...(options.speed === undefined ? {} : { speed: options.speed }), ...(options.isManual === undefined ? {} : { isManual: options.isManual }) })
    this.faults = new Faults(() => {})
  }

  /** Throws `twin-lab-invalid` where names in the description lead nowhere. */
  static create(lab: LabDescription, options: WorldOptions = {}): World {
    return new World(lab, options)
  }

  /** The way to a host, by its id; the caller closes it. Rejects with `twin-no-host`, or `host-unreachable` while it is down. */
  async openTransport(host: string): Promise<Transport> {
    throw new Failure('twin-no-host', `The lab ${this.lab.title} has no host ${host}.`)
  }

  /** Ends the world; whoever is connected loses the connection. */
  dispose(): void {
    this.clock.dispose()
  }
}
