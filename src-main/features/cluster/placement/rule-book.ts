import type { PlacementRule, Priority, RuleMembers } from '../../../contract/plan.ts'
import type { RuleBook, RuleGroup } from './model.ts'

interface Ruled {
  readonly uuid: string
  readonly tags: ReadonlySet<string>
}

/** The rules, resolved to VMs. */
export function ruleBookOf(rules: readonly PlacementRule[], vms: readonly Ruled[]): RuleBook {
  const apart = new Map<string, RuleGroup[]>()
  const together = new Map<string, RuleGroup[]>()
  const tags = new Map<string, { tag: string; rule: string }[]>()
  const add = <T>(map: Map<string, T[]>, uuid: string, value: T) => void map.set(uuid, [...(map.get(uuid) ?? []), value])
  for (const rule of rules) {
    const members = membersOf(rule, vms)
    const group: RuleGroup = { id: rule.id, name: rule.name, members }
    for (const uuid of members) {
      if (rule.kind === 'apart') add(apart, uuid, group)
      else if (rule.kind === 'together') add(together, uuid, group)
      else if (rule.kind === 'on-tag') add(tags, uuid, { tag: rule.tag, rule: rule.name })
    }
  }
  return { apart: (uuid) => apart.get(uuid) ?? [], together: (uuid) => together.get(uuid) ?? [], tags: (uuid) => tags.get(uuid) ?? [] }
}

const ranks: readonly Priority[] = ['high', 'normal', 'low']

/** Of several rules the one that puts it first holds. */
export function priorityOf(rules: readonly PlacementRule[], vm: Ruled): Priority {
  const said = rules.flatMap((rule) => (rule.kind === 'priority' && isMember(rule, vm) ? [rule.priority] : []))
  return ranks.find((rank) => said.includes(rank)) ?? 'normal'
}

/** 0 for those that go first. */
export function rankOf(priority: Priority): number {
  return ranks.indexOf(priority)
}

function membersOf(rule: PlacementRule, vms: readonly Ruled[]): ReadonlySet<string> {
  return new Set(vms.filter((vm) => isMember(rule, vm)).map(({ uuid }) => uuid))
}

function isMember({ members }: { readonly members: RuleMembers }, { uuid, tags }: Ruled): boolean {
  return members.vms.includes(uuid) || members.tags.some((tag) => tags.has(tag))
}
