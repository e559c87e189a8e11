import type { PlanLink, PlanRow } from '../../../contract/plan.ts'

/** What crosses between each two hosts. `mbps`: of the link in Mbit/s, null where it is not known. */
export function linksOf(rows: readonly PlanRow[], mbps: (source: string, destination: string) => number | null): PlanLink[] {
  const links = new Map<string, PlanLink>()
  for (const { vm, destination, how, forecast } of rows) {
    if (how === 'stay' || destination === null) continue
    const key = `${vm.host} ${destination}`
    let link = links.get(key)
    if (!link) links.set(key, (link = { source: vm.host, destination, mbps: mbps(vm.host, destination), moves: 0, bytes: [0, 0] }))
    link.moves++
    link.bytes[0] += forecast?.bytes[0] ?? 0
    link.bytes[1] += forecast?.bytes[1] ?? 0
  }
  return [...links.values()]
}
