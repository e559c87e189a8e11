import type { HostDetails } from '../../contract/host.ts'
import { readNetwork } from '../../libvirt/xml/network/network.ts'
import { readStoragePool } from '../../libvirt/xml/storage/pool.ts'
import type { HostSession } from './host-session.ts'

/** Resources that vanish between the list and the look, or that cannot be read, are left out rather than failing the page. */
async function each<T, R>(items: readonly T[], read: (item: T) => Promise<R>, signal: AbortSignal): Promise<R[]> {
  const settled = await Promise.allSettled(items.map(read))
  signal.throwIfAborted()
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}

export async function readNetworks(session: HostSession, signal: AbortSignal): Promise<HostDetails['network']> {
  const { connection } = session
  const { nets } = await connection.call('connectListAllNetworks', { needResults: 1, flags: 0 }, { signal })
  return each(
    nets,
    async (net) => {
      const [{ xml }, { isActive }] = await Promise.all([
        connection.call('networkGetXmlDesc', { net, flags: 0 }, { signal }),
        connection.call('networkIsActive', { net }, { signal }),
      ])
      const network = readNetwork(xml)
      return {
        name: net.name,
        kind: network.forwardMode,
        state: isActive ? 'active' : 'inactive',
        detail: network.bridge ? `bridge ${network.bridge}` : '',
      }
    },
    signal,
  )
}

export async function readPools(session: HostSession, signal: AbortSignal): Promise<HostDetails['pools']> {
  const { connection } = session
  const { pools } = await connection.call('connectListAllStoragePools', { needResults: 1, flags: 0 }, { signal })
  return each(
    pools,
    async (pool) => {
      const [{ xml }, info] = await Promise.all([
        connection.call('storagePoolGetXmlDesc', { pool, flags: 0 }, { signal }),
        connection.call('storagePoolGetInfo', { pool }, { signal }),
      ])
      const read = readStoragePool(xml)
      return {
        name: pool.name,
        kind: read.type,
        path: read.targetPath ?? null,
        capacityBytes: Number(info.capacity),
        allocationBytes: Number(info.allocation),
        // virStoragePoolState: 2 is running.
        isActive: info.state === 2,
      }
    },
    signal,
  )
}
