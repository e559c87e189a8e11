import type { DepotCandidate } from '../../src-main/contract/depot.ts'
import type { MovePlan } from '../../src-main/contract/migration.ts'

const known: readonly Omit<DepotCandidate, 'isChosen'>[] = [
  { host: 'kvm3', name: 'kvm3', isPossible: true, spareMiB: 49_152, capacityMiB: 2253, mbps: 10_000, why: 'its link is among the fastest' },
  { host: 'kvm4', name: 'kvm4', isPossible: true, spareMiB: 12_288, capacityMiB: 2253, mbps: 1000, why: 'every host that can hold pages is taken' },
  { host: 'kvm2', name: 'kvm2', isPossible: true, spareMiB: 8192, capacityMiB: 2253, mbps: 1000, why: 'not needed: the picked ones have faster links' },
  { host: 'kvm5', name: 'kvm5', isPossible: false, spareMiB: null, capacityMiB: 0, mbps: null, why: 'cannot be reached from the source' },
]

/** What the scripted cluster says of hosts that could hold a VM's pages: as picked, or as the user says. */
export function fakeDepots({ vm, destination, options }: MovePlan): DepotCandidate[] {
  const isChosen = (host: string) => (options.depots === null ? host === 'kvm3' || host === 'kvm4' : options.depots.includes(host))
  const why = ({ host, isPossible, why: told }: (typeof known)[number]) => (options.depots === null || !isPossible ? told : isChosen(host) ? 'you chose it' : 'you left it out')
  const all = known.filter(({ host }) => host !== destination && host !== vm.host).map((each) => ({ ...each, isChosen: isChosen(each.host), why: why(each) }))
  return [...all.filter((each) => each.isChosen), ...all.filter((each) => !each.isChosen)]
}
