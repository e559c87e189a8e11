import { randomInt } from 'node:crypto'
import { Connection } from '../../libvirt/client/connection.ts'
import { connectUnix, findLibvirtSocket } from '../libvirt-socket.ts'
import type { SharingEstimate } from './estimate-sharing.ts'
import { samplePages, type SampledVm } from './sample-pages.ts'

const deadlineMs = 25_000

/** {@link samplePages} over a connection of its own to this host's daemon. */
export async function sampleHere(vms: readonly SampledVm[]): Promise<SharingEstimate> {
  const signal = AbortSignal.timeout(deadlineMs)
  const connection = await Connection.open(await connectUnix(await findLibvirtSocket(), signal), { signal })
  try {
    return await samplePages(connection, vms, randomInt(2 ** 31))
  } finally {
    connection.close()
  }
}
