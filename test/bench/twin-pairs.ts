import type { MovePlan } from '../../src-main/libvirt/drive/plan.ts'
import type { HostCosts } from '../../src-main/twin/lab.ts'
import type { LinkShape } from '../lab/link.ts'

/** One move, to be made by a real guest between real hosts and by a simulated one between simulated hosts. */
export interface Pair {
  readonly name: string
  readonly link: { readonly mbps: number; readonly latencyMs?: number }
  /** MiB a second that the guest writes, in a sweep over so many MiB. */
  readonly rate: number
  readonly hotMiB: number
  readonly plan?: Partial<MovePlan>
  /** To post-copy once so many ms have passed since memory was first on its way. */
  readonly switchAfterMs?: number
  /** A disk that is copied, of which so much has content. */
  readonly diskMiB?: { readonly size: number; readonly used: number }
}

/** The guest of every pair: MiB of memory, and of it those that are filled. */
export const guestMiB = { memory: 400, pattern: 256 } as const

export const pairs: readonly Pair[] = [
  { name: 'idle', link: { mbps: 400 }, rate: 0, hotMiB: 16 },
  { name: 'write-heavy', link: { mbps: 400 }, rate: 25, hotMiB: 96 },
  { name: 'shaped link', link: { mbps: 200, latencyMs: 5 }, rate: 4, hotMiB: 32 },
  { name: 'post-copy', link: { mbps: 400 }, rate: 10, hotMiB: 96, plan: { flags: { postcopy: true } }, switchAfterMs: 2000 },
  { name: 'non-converging', link: { mbps: 200 }, rate: 60, hotMiB: 192, plan: { flags: { autoConverge: true, postcopy: true } }, switchAfterMs: 20_000 },
  { name: 'storage', link: { mbps: 400 }, rate: 2, hotMiB: 32, plan: { flags: { nonSharedDisk: true }, migrateDisks: ['vda'] }, diskMiB: { size: 128, used: 128 } },
]

/** What QEMU, libvirtd and the namespaces cost in the lab in a box, as measured there (`where` of `npm run bench -- move`, and moves over a plain cable). */
export const labCosts: Partial<HostCosts> = {
  pageUs: 6,
  zeroPageUs: 1,
  beginMs: 2,
  prepareMs: 200,
  setupMs: 15,
  finishMs: 14,
  confirmMs: 206,
  stopMs: 8,
  loadMs: 12,
  diskBytesPerSecond: 120_000_000,
  diskSetupMs: 250,
}

export function shapeOf({ link }: Pair): LinkShape {
  return { rate: `${link.mbps}mbit`, ...(link.latencyMs === undefined ? {} : { delay: `${link.latencyMs}ms` }) }
}
