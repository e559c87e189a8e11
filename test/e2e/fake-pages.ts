import type { PageFigures, PageSample } from '../../src-main/contract/pages.ts'

const pageSize = 4096
/** Of a VM of 2 GiB. */
const all = 524_288

/** What agents would count of a scripted move at `progress` (0 to 1). The source is free at two fifths of it. */
export function fakePages(technique: string, progress: number): PageFigures | null {
  if (technique !== 'gang' && technique !== 'scatter') return null
  const count = (share: number) => Math.round(all * share)
  if (technique === 'gang') {
    const part = (share: number) => count(share * progress)
    const [unique, inVm, acrossVms, alreadyThere, zero] = [part(0.18), part(0.06), part(0.34), part(0.12), part(0.3)]
    return {
      classes: { unique, inVm, acrossVms, alreadyThere, zero },
      bytes: { fromQemu: part(0.7) * pageSize, core: (unique + 2000) * pageSize, rack: alreadyThere * pageSize, toQemu: part(0.69) * pageSize },
      depots: [], backlog: part(0.01), faults: { direct: 0, depot: 0, waiting: 0 }, sourceFreeMs: null, mayPowerOff: false,
    }
  }
  const drained = Math.min(1, progress / 0.4)
  const sent = count(0.75 * drained)
  const got = count(0.75 * progress)
  const held = (share: number) => Math.round(Math.max(0, sent - got) * share)
  const depots = ([['kvm3', 0.55, 'up'], ['kvm2', 0.3, 'up'], ['kvm4', 0.15, 'lost']] as const).map(([name, share, state]) => ({ name, pages: held(share), bytes: held(share) * pageSize, state }))
  return {
    classes: { unique: sent, inVm: 0, acrossVms: 0, alreadyThere: 0, zero: count(0.25 * drained) },
    bytes: { fromQemu: sent * pageSize, core: Math.round(sent * pageSize * 1.1), rack: Math.round(got * 0.8) * pageSize, toQemu: got * pageSize },
    depots, backlog: Math.max(0, sent - got), faults: { direct: Math.round(140 * drained), depot: Math.round(2600 * progress), waiting: Math.round(6 * (1 - progress)) },
    sourceFreeMs: drained < 1 ? null : 3150, mayPowerOff: drained >= 1,
  }
}

/** The same as a row of samples. */
export function samplePages(pages: PageFigures | null): PageSample | null {
  return pages && { classes: pages.classes, bytes: pages.bytes, backlog: pages.backlog, faults: pages.faults, depots: pages.depots.map(({ bytes }) => bytes) }
}
