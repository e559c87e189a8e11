import { Emitter } from '../base/event.ts'
import { Failure } from '../base/failure.ts'
import { Inbox, type Caller, type Wire } from '../base/wire.ts'
import type { DemoState } from '../contract/demo.ts'
import type { Demos, OpenDemo, Program, Stay } from './demos.ts'

/** The context of every procedure: who calls, and what that window is looking at. */
export interface SceneContext extends Caller {
  readonly scene: Scene
}

/** What one window is looking at: the real hosts, or a demo lab. Its wire leads to one program at a time; answers that are under way still come through. */
export class Scene {
  readonly #wire: Wire
  readonly #caller: Caller
  readonly #demos: Demos
  readonly #real: Inbox
  readonly #changed = new Emitter<DemoState>()
  #current: Inbox
  #lab: { readonly stay: Stay; readonly inbox: Inbox; readonly end: () => void } | null = null
  #isClosed = false
  readonly onDidChange = this.#changed.event

  constructor(options: { wire: Wire; caller: Caller; real: Pick<Program, 'serve'>; demos: Demos }) {
    this.#wire = options.wire
    this.#caller = options.caller
    this.#demos = options.demos
    this.#real = this.#lead(options.real)
    this.#current = this.#real
    this.#wire.onDidReceive((message) => this.#current.receive(message))
    this.#wire.onDidClose(() => this.#close())
  }

  get state(): DemoState {
    return this.#lab?.stay.demo.state ?? { kind: 'real' }
  }

  /** The lab that the window is in. Throws `demo-not-open`. */
  get demo(): OpenDemo {
    if (!this.#lab) throw new Failure('demo-not-open', 'This window shows what is real: there is no demo lab in it.', { next: 'Open the demo lab first.' })
    return this.#lab.stay.demo
  }

  /** Rejects with `demo-unknown`, or what raising the lab ran into; the window then stays where it is. */
  async open(name: string): Promise<void> {
    if (this.#lab?.stay.demo.world.lab.name === name) return
    const stay = await this.#demos.enter(name)
    if (this.#isClosed) return stay.leave()
    this.leave()
    const inbox = this.#lead(stay.demo.program)
    const changes = stay.demo.onDidChange((state) => this.#changed.fire(state))
    const end = () => {
      changes.dispose()
      stay.leave()
    }
    this.#lab = { stay, inbox, end }
    this.#current = inbox
    this.#changed.fire(this.state)
  }

  /** Does nothing in a window that shows what is real. */
  leave(): void {
    if (!this.#lab) return
    this.#lab.end()
    this.#lab = null
    this.#current = this.#real
    this.#changed.fire(this.state)
  }

  #lead(program: Pick<Program, 'serve'>): Inbox {
    const inbox = new Inbox()
    const wire: Wire = {
      send: (message) => this.#wire.send(message),
      onDidReceive: inbox.onDidReceive,
      onDidClose: inbox.onDidClose,
      close: () => this.#wire.close(),
    }
    this.#wire.onDidClose(() => inbox.close())
    program.serve(wire, { ...this.#caller, scene: this })
    return inbox
  }

  #close(): void {
    this.#isClosed = true
    this.#lab?.end()
    this.#lab = null
    this.#changed.dispose()
  }
}
