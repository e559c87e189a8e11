import { Emitter } from '../base/event.ts'
import { Failure, messageOf } from '../base/failure.ts'
import type { Log } from '../base/log.ts'
import type { Wire } from '../base/wire.ts'
import type { DemoFault, DemoState } from '../contract/demo.ts'
import type { Transport } from '../transport/transport.ts'
import { parseAddress } from '../transport/address.ts'
import type { Fault } from '../twin/faults.ts'
import type { LabDescription } from '../twin/lab.ts'
import { World } from '../twin/world.ts'
import { labNamed, summaryOf } from './labs.ts'
import type { SceneContext } from './scene.ts'

/** The whole program over some hosts: it serves the contract, and knows nothing of what its hosts are. */
export interface Program {
  serve(wire: Wire, context: SceneContext): void
  /** Address of a host by its id in the program, and the other way round; null for one that it does not have. */
  addressOf(host: string): string | null
  hostAt(address: string): string | null
  close(): Promise<void>
}

/** Starts a program of its own over a lab's hosts: nothing of it is kept, nothing of the real profile is read. */
export type StartProgram = (lab: LabDescription, open: (address: string) => Promise<Transport>) => Promise<Program>

/** A lab that windows are in. */
export class OpenDemo {
  readonly world: World
  readonly program: Program
  readonly #changed = new Emitter<DemoState>()
  readonly onDidChange = this.#changed.event

  constructor(world: World, program: Program) {
    this.world = world
    this.program = program
    world.clock.onDidChange(() => this.#changed.fire(this.state))
    world.faults.onDidChange(() => this.#changed.fire(this.state))
  }

  get state(): DemoState {
    const { clock, faults, lab } = this.world
    return { kind: 'demo', lab: summaryOf(lab), speed: clock.speed, isPaused: clock.isPaused, faults: faults.active.flatMap((fault) => this.#shown(fault)) }
  }

  /** Throws `demo-no-host` or what the world throws for what it does not have. */
  putFault(fault: DemoFault): void {
    this.world.faults.apply(this.#staged(fault))
  }

  removeFault(fault: DemoFault): void {
    this.world.faults.undo(this.#staged(fault))
  }

  async close(): Promise<void> {
    this.#changed.dispose()
    await this.program.close()
    this.world.dispose()
  }

  /** The world has hosts by their names, the program by ids of its own. */
  #staged(fault: DemoFault): Fault {
    if (fault.kind === 'hot-vm') return fault
    const address = parseAddress(this.program.addressOf(fault.host) ?? '')
    if (address.scheme !== 'twin') throw new Failure('demo-no-host', 'This host is not simulated.')
    return { ...fault, host: address.host }
  }

  #shown(fault: Fault): DemoFault[] {
    if (fault.kind === 'hot-vm') return [fault]
    const host = this.program.hostAt(World.addressOf(this.world.lab, fault.host))
    return host === null ? [] : [{ ...fault, host }]
  }
}

/** A window's stay in a lab. */
export interface Stay {
  readonly demo: OpenDemo
  /** Once. */
  leave(): void
}

/** A lab that nobody is in ends after so many ms: a window that reloads comes back to it. */
const lingerMs = 30_000

/** The labs that are open, each shared by the windows that are in it. */
export class Demos {
  readonly #start: StartProgram
  readonly #log: Log
  readonly #open = new Map<string, { readonly demo: Promise<OpenDemo>; stays: number; timer: NodeJS.Timeout | undefined }>()

  constructor(options: { start: StartProgram; log: Log }) {
    this.#start = options.start
    this.#log = options.log
  }

  /** Raises the lab if it is not there. Throws `demo-unknown`. */
  async enter(name: string): Promise<Stay> {
    let entry = this.#open.get(name)
    if (!entry) {
      const lab = labNamed(name)
      if (!lab) throw new Failure('demo-unknown', `There is no demo lab called ${name}.`)
      entry = { demo: this.#raise(lab), stays: 0, timer: undefined }
      this.#open.set(name, entry)
    }
    const mine = entry
    clearTimeout(mine.timer)
    mine.stays++
    const demo = await mine.demo.catch((thrown: unknown) => {
      this.#open.delete(name)
      throw thrown
    })
    let isOver = false
    return {
      demo,
      leave: () => {
        if (isOver) return
        isOver = true
        if (--mine.stays > 0) return
        mine.timer = setTimeout(() => void this.#end(name), lingerMs)
        mine.timer.unref()
      },
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((name) => this.#end(name)))
  }

  async #raise(lab: LabDescription): Promise<OpenDemo> {
    const world = World.create(lab)
    try {
      const program = await this.#start(lab, (address) => world.open(address))
      return new OpenDemo(world, program)
    } catch (thrown) {
      world.dispose()
      throw thrown
    }
  }

  async #end(name: string): Promise<void> {
    const entry = this.#open.get(name)
    if (!entry) return
    this.#open.delete(name)
    clearTimeout(entry.timer)
    try {
      await (await entry.demo).close()
    } catch (thrown) {
      this.#log.warn({ lab: name, error: messageOf(thrown) }, 'a demo lab did not end cleanly')
    }
  }
}
