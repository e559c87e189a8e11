import type { Job } from '../../../../src-main/contract/job.ts'
import type { PageClasses, PageFigures } from '../../../../src-main/contract/pages.ts'

export type PageClass = keyof PageClasses

/** Classes of pages in the order in which they are stacked: what crosses first. One colour each, in every chart. */
export const pageClassWords: readonly { readonly key: PageClass; readonly name: string; readonly says: string; readonly color: string }[] = [
  { key: 'unique', name: 'Unique', says: 'sent, for nobody had them', color: 'var(--page-unique)' },
  { key: 'inVm', name: 'Duplicate in the VM', says: 'the same as another page of the same VM', color: 'var(--page-in-vm)' },
  { key: 'acrossVms', name: 'Across VMs', says: 'the same as a page of another VM of the gang', color: 'var(--page-across)' },
  { key: 'alreadyThere', name: 'Already there', says: 'brought from another host of the destination’s rack', color: 'var(--page-there)' },
  { key: 'zero', name: 'Zero', says: 'filled with one byte, sent as a word', color: 'var(--page-zero)' },
]

/** Bytes on each link, in the order of their way. */
export const linkWords: readonly { readonly key: keyof PageFigures['bytes']; readonly name: string; readonly says: string; readonly color: string }[] = [
  { key: 'fromQemu', name: 'Out of QEMU', says: 'what the source’s QEMU wrote to its agent', color: 'var(--meter-memory)' },
  { key: 'core', name: 'From the source', says: 'from the source’s agent to other hosts', color: 'var(--ui-primary)' },
  { key: 'rack', name: 'Between the others', says: 'between hosts beyond the source', color: 'var(--link-rack)' },
  { key: 'toQemu', name: 'Into QEMU', says: 'what the destination’s QEMU was given', color: 'var(--link-into)' },
]

export const noClasses: PageClasses = { unique: 0, inVm: 0, acrossVms: 0, alreadyThere: 0, zero: 0 }

/** The figures of several VMs together. */
export function sumPages(all: readonly PageFigures[]): Pick<PageFigures, 'classes' | 'bytes'> {
  const classes = { ...noClasses }
  const bytes = { fromQemu: 0, core: 0, rack: 0, toQemu: 0 }
  for (const each of all) {
    for (const { key } of pageClassWords) classes[key] += each.classes[key]
    for (const { key } of linkWords) bytes[key] += each.bytes[key]
  }
  return { classes, bytes }
}

export function pageCount(classes: PageClasses): number {
  return pageClassWords.reduce((sum, { key }) => sum + classes[key], 0)
}

/** How many pages arrived for each one that was sent: with pages of zeros, and without them. null while nothing was sent. */
export function dedupRatios(classes: PageClasses): { readonly all: number; readonly withoutZero: number } | null {
  if (classes.unique === 0) return null
  const all = pageCount(classes)
  return { all: all / classes.unique, withoutZero: (all - classes.zero) / classes.unique }
}

/** Pages with separators between thousands: there are many. */
export function countPages(count: number): string {
  return `${Math.round(count).toLocaleString('en')} ${Math.round(count) === 1 ? 'page' : 'pages'}`
}

export function ratioWord(ratio: number): string {
  return `${ratio >= 100 ? Math.round(ratio) : ratio.toFixed(ratio >= 10 ? 1 : 2)} : 1`
}

/** Everything on a host, beside one VM, for which it must stay up; in words, empty when there is nothing. */
export function reasonsToStayUp(host: string, vm: string, seen: { readonly vms: readonly { readonly uuid: string; readonly name: string; readonly isOn: boolean }[]; readonly jobs: readonly Job[]; readonly hostName: string }): string[] {
  const others = seen.vms.filter(({ uuid, isOn }) => isOn && uuid !== vm).map(({ name }) => name)
  const moves = seen.jobs.filter((job) => {
    if (job.plan.vm.uuid === vm || (job.state.state !== 'running' && job.state.state !== 'uncertain' && job.state.state !== 'queued')) return false
    const isNeeded = job.plan.vm.host === host && job.pages?.mayPowerOff !== true
    return isNeeded || job.plan.destination === host || job.pages?.depots.some(({ name, state }) => name === seen.hostName && state !== 'lost') === true
  })
  const reasons = []
  if (others.length > 0) reasons.push(others.length === 1 ? `${others[0]} runs on it` : `${others.length} other VMs run on it`)
  const moving = moves.map(({ vmName }) => vmName).filter((name) => !others.includes(name))
  if (moving.length > 0) reasons.push(`${moving.length === 1 ? `the move of ${moving[0]} needs` : `${moving.length} other moves need`} it`)
  return reasons
}
