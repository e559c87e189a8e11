import { Emitter, type Event } from '../../base/event.ts'
import { Failure } from '../../base/failure.ts'
import type { Health, Settings } from '../../contract/settings.ts'
import type { Store } from '../../store/store.ts'
import { problemOf } from './problem.ts'

const defaults: Settings = {
  theme: 'system',
  pollSeconds: 1,
  defaultTechnique: 'precopy',
  defaultBandwidthMiBps: null,
  defaultDowntimeMs: null,
  useAgent: true,
  agentPorts: [49216, 49279],
  allowedCommands: [],
  placementRules: [],
}

/** The user's settings, complete with defaults, and the health of the store that keeps them. */
export class SettingsService {
  readonly #store: Pick<Store, 'settings' | 'problem' | 'onDidChangeProblem'>
  readonly #changed = new Emitter<Settings>()
  #current: Settings

  readonly onDidChange: Event<Settings> = this.#changed.event

  private constructor(store: Pick<Store, 'settings' | 'problem' | 'onDidChangeProblem'>, current: Settings) {
    this.#store = store
    this.#current = current
  }

  static async load(store: Pick<Store, 'settings' | 'problem' | 'onDidChangeProblem'>): Promise<SettingsService> {
    return new SettingsService(store, { ...defaults, ...(await store.settings.get()) })
  }

  get current(): Settings {
    return this.#current
  }

  /** Rejects with `ports-reversed` or a Failure of the store, and then has changed nothing. */
  async update(changes: { readonly [K in keyof Settings]?: Settings[K] | undefined }): Promise<Settings> {
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Partial<Settings>
    const [first, last] = given.agentPorts ?? [0, 0]
    if (first > last) throw new Failure('ports-reversed', `The first port of agents, ${first}, is above the last, ${last}.`, { next: 'Swap them.' })
    await this.#store.settings.put(given)
    this.#current = { ...this.#current, ...given }
    this.#changed.fire(this.#current)
    return this.#current
  }

  get health(): Health {
    return { store: this.#store.problem && problemOf(this.#store.problem) }
  }

  readonly onDidChangeHealth: Event<Health> = (listener) => this.#store.onDidChangeProblem(() => listener(this.health))

  dispose(): void {
    this.#changed.dispose()
  }
}
