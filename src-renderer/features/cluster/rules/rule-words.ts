import type { PlacementRule, Priority } from '../../../../src-main/contract/plan.ts'

export type RuleKind = PlacementRule['kind']

const kinds: Record<RuleKind, { readonly name: string; readonly meaning: string }> = {
  together: { name: 'Together', meaning: 'All of them on one host.' },
  apart: { name: 'Apart', meaning: 'No two of them on one host.' },
  'on-tag': { name: 'On tagged hosts', meaning: 'Only on hosts that carry a tag.' },
  priority: { name: 'Priority', meaning: 'Which VMs go first in a run, and give way last in a plan.' },
}

export function ruleKind(kind: RuleKind): { readonly name: string; readonly meaning: string } {
  return kinds[kind]
}

export const ruleKinds: readonly RuleKind[] = ['together', 'apart', 'on-tag', 'priority']
export const priorities: readonly { readonly value: Priority; readonly label: string }[] = [
  { value: 'high', label: 'High' },
  { value: 'normal', label: 'Normal' },
  { value: 'low', label: 'Low' },
]

/** What a rule demands, in a few words. */
export function ruleDemand(rule: PlacementRule): string {
  switch (rule.kind) {
    case 'together':
      return 'on one host'
    case 'apart':
      return 'on different hosts'
    case 'on-tag':
      return `only on hosts tagged ${rule.tag}`
    case 'priority':
      return `${rule.priority} priority`
  }
}
