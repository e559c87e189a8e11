import type { PlacementRule } from '../../../contract/plan.ts'
import { Failure } from '../../../base/failure.ts'
import type { SettingsService } from '../../settings/settings-service.ts'

/** The rules of placement, kept with the settings of the profile. */
export class Rules {
  readonly #settings: Pick<SettingsService, 'current' | 'update'>
  /** One change at a time: each writes the whole list. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(settings: Pick<SettingsService, 'current' | 'update'>) {
    this.#settings = settings
  }

  list(): PlacementRule[] {
    return [...this.#settings.current.placementRules]
  }

  /** Adds a rule, or replaces the one of its id in its place. Rejects with `rule-empty`, `rule-name-taken` or a Failure of the store. */
  put(rule: PlacementRule): Promise<void> {
    if (rule.members.vms.length === 0 && rule.members.tags.length === 0) {
      return Promise.reject(new Failure('rule-empty', `Rule “${rule.name}” names no VM and no tag, so it would say nothing.`, { next: 'Add VMs, or a tag that VMs carry.' }))
    }
    return this.#change((rules) => {
      if (rules.some(({ id, name }) => id !== rule.id && name === rule.name)) throw new Failure('rule-name-taken', `There is a rule “${rule.name}” already.`, { next: 'Give it another name: plans name rules in their reasons.' })
      return rules.some(({ id }) => id === rule.id) ? rules.map((each) => (each.id === rule.id ? rule : each)) : [...rules, rule]
    })
  }

  /** Removing a rule that is not there is no error. */
  remove(id: string): Promise<void> {
    return this.#change((rules) => rules.filter((rule) => rule.id !== id))
  }

  #change(how: (rules: readonly PlacementRule[]) => PlacementRule[]): Promise<void> {
    const change = this.#last.then(async () => void (await this.#settings.update({ placementRules: how(this.list()) })))
    this.#last = change.catch(() => {})
    return change
  }
}
