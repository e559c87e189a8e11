import { createHash } from 'node:crypto'
import type { Connection } from '../../libvirt/client/connection.ts'
import { estimateSharing, type SampledPages, type SharingEstimate } from './estimate-sharing.ts'
import { highest, lowest, peekPhysical } from './peek.ts'

/** A running VM on this host. */
export interface SampledVm {
  readonly name: string
  readonly uuid: string
  readonly memoryKiB: number
}

const pageBytes = 4096
/** Read at a time: libvirt has QEMU write it to a file first, so that smaller pieces cost as much as this. */
const chunkBytes = 256 * 1024
const chunksPerVm = 64

/**
 * Reads some pages of each VM, through the daemon, and answers how much of them is the same. Content stays in this process, as names that are dropped with the answer. VMs run on meanwhile. `seed` picks the
 * places. Rejects with what the daemon says.
 */
export async function samplePages(connection: Connection, vms: readonly SampledVm[], seed: number): Promise<SharingEstimate> {
  const smallest = Math.min(...vms.map(({ memoryKiB }) => memoryKiB * 1024))
  const room = Math.min(highest, smallest) - lowest - chunkBytes
  const places = placesIn(room, seed)
  const sampled: SampledPages[] = []
  for (const { name, uuid } of vms) {
    const pages: (string | null)[] = []
    for (const offset of places) {
      const buffer = await peekPhysical(connection, { name, uuid, id: -1 }, lowest + offset, chunkBytes)
      for (let at = 0; at + pageBytes <= buffer.length; at += pageBytes) pages.push(nameOf(buffer.subarray(at, at + pageBytes)))
    }
    sampled.push(pages)
  }
  return estimateSharing(sampled, Math.min(1, Math.max((places.length * chunkBytes) / Math.max(1, room), 1e-6)))
}

/** The same places for all of them, spread evenly with an offset of their own in each part. */
export function placesIn(room: number, seed: number): number[] {
  const count = Math.max(1, Math.min(chunksPerVm, Math.floor(room / chunkBytes)))
  const part = Math.max(chunkBytes, Math.floor(room / count))
  return Array.from({ length: room <= 0 ? 0 : count }, (_, i) => {
    const draw = createHash('sha256').update(`${seed} ${i}`).digest().readUInt32BE(0) / 2 ** 32
    return i * part + Math.floor((draw * Math.max(0, part - chunkBytes)) / pageBytes) * pageBytes
  })
}

const zeros = Buffer.alloc(pageBytes)

function nameOf(page: Buffer): string | null {
  return page.equals(zeros) ? null : createHash('sha256').update(page).digest('base64').slice(0, 16)
}
