import type { Model } from './model.ts'

/** Rules that are broken as things are, a sentence each. */
export function brokenRules({ hosts, vms, rules }: Model): string[] {
  const said = new Set<string>()
  const hostOf = new Map(hosts.map((host) => [host.id, host]))
  const byUuid = new Map(vms.map((vm) => [vm.uuid, vm]))
  for (const vm of vms) {
    const host = hostOf.get(vm.host)
    if (!host) continue
    for (const { tag, rule } of rules.tags(vm.uuid)) if (!host.tags.has(tag)) said.add(`${vm.name} is on ${host.name}, which does not carry the tag ${tag} (rule “${rule}”).`)
    for (const group of rules.apart(vm.uuid)) {
      for (const uuid of group.members) {
        const other = byUuid.get(uuid)
        if (other && other.uuid < vm.uuid && other.host === vm.host) said.add(`${other.name} and ${vm.name} are both on ${host.name} (rule “${group.name}”).`)
      }
    }
    for (const group of rules.together(vm.uuid)) {
      const on = new Set([...group.members].flatMap((uuid) => hostOf.get(byUuid.get(uuid)?.host ?? '')?.name ?? []))
      if (on.size > 1) said.add(`The VMs of rule “${group.name}” are on ${on.size} hosts: ${[...on].sort().join(', ')}.`)
    }
  }
  return [...said]
}
