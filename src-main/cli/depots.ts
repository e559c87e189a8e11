import type { DepotCandidate } from '../contract/depot.ts'
import type { ClusterView } from './cluster-view.ts'
import { bytes } from './figures.ts'

/** The ids of the hosts that are to be depots; null where Drover is to pick them. Rejects with `Stop` where one is not known or not connected. */
export function depotsOf({ depot }: { readonly depot?: readonly string[] }, view: Pick<ClusterView, 'host'>): string[] | null {
  return depot === undefined ? null : depot.map((word) => view.host(word).record.id)
}

/** One line per host: those that hold pages with what they have, the others with why they do not. */
export function depotLines(depots: readonly DepotCandidate[]): string[] {
  return depots.map(({ name, isChosen, spareMiB, capacityMiB, mbps, why }) => {
    const figures = spareMiB === null ? [] : [`${bytes(spareMiB * 1024 ** 2)} to spare`, mbps === null ? 'link not known' : `${mbps} Mbit/s`, ...(isChosen ? [`room for ${bytes(capacityMiB * 1024 ** 2)}`] : [])]
    return `  ${isChosen ? '+' : '-'} ${name}: ${[...figures, why].join(', ')}`
  })
}
