import { readStorageVolume } from '../../libvirt/xml/storage/volume.ts'
import type { Pool, Volume } from '../machine.ts'
import { escaped } from '../xml/element.ts'
import type { Daemon } from './daemon.ts'
import { Refusal } from './refusal.ts'
import type { Handlers } from './session.ts'

const gib = 1024 ** 3
/** Of what is uploaded so much is kept, so that it can be read again. */
const keptBytes = 32 * 1024 * 1024
const packetBytes = 256_000

/** Pools and volumes. */
export function storageCalls({ machine }: Daemon): Handlers {
  const poolOf = ({ name }: { readonly name: string }): Pool => {
    const pool = machine.pools.find(({ about }) => about.name === name)
    if (!pool) throw new Refusal('VIR_ERR_NO_STORAGE_POOL', `Storage pool not found: no storage pool with matching name '${name}'`, 'VIR_FROM_STORAGE')
    return pool
  }
  const at = (path: string): { pool: Pool; volume: Volume } => {
    const found = machine.volumeAt(path)
    if (!found) throw new Refusal('VIR_ERR_NO_STORAGE_VOL', `Storage volume not found: no storage vol with matching path '${path}'`, 'VIR_FROM_STORAGE')
    return found
  }
  const ref = (pool: Pool) => ({ name: pool.about.name, uuid: pool.uuid })
  const vol = (pool: Pool, volume: Volume) => ({ pool: pool.about.name, name: volume.name, key: volume.path })
  const sizes = (pool: Pool) => {
    const allocation = [...pool.volumes.values()].reduce((sum, volume) => sum + volume.allocation, 0)
    const capacity = pool.about.capacityGiB * gib
    return { capacity, allocation, available: Math.max(0, capacity - allocation) }
  }
  const info = ({ key }: { readonly key: string }) => {
    const { volume } = at(key)
    return { type: 0, capacity: volume.capacity, allocation: volume.allocation }
  }
  return {
    connectListAllStoragePools: () => ({ pools: machine.pools.map(ref), ret: machine.pools.length }),
    storagePoolLookupByName: ({ name }) => ({ pool: ref(poolOf({ name })) }),
    storagePoolGetInfo: ({ pool }) => ({ state: 2, ...sizes(poolOf(pool)) }),
    storagePoolGetXmlDesc: ({ pool }) => {
      const { about, uuid } = poolOf(pool)
      const { capacity, allocation, available } = sizes(poolOf(pool))
      const source = about.shared ? `<source><host name='${escaped(about.shared)}'/><dir path='/export'/></source>` : ''
      return { xml: `<pool type='${about.shared ? 'netfs' : 'dir'}'><name>${escaped(about.name)}</name><uuid>${uuid}</uuid><capacity unit='bytes'>${capacity}</capacity><allocation unit='bytes'>${allocation}</allocation><available unit='bytes'>${available}</available>${source}<target><path>${escaped(about.path)}</path></target></pool>` }
    },
    storagePoolIsActive: ({ pool }) => ({ isActive: poolOf(pool) !== null }),
    storagePoolRefresh: ({ pool }) => void poolOf(pool),
    storagePoolListAllVolumes: ({ pool }) => {
      const found = poolOf(pool)
      const vols = [...found.volumes.values()].map((volume) => vol(found, volume))
      return { vols, ret: vols.length }
    },
    storageVolLookupByName: ({ pool, name }) => {
      const found = poolOf(pool)
      const volume = found.volumes.get(name)
      if (!volume) throw new Refusal('VIR_ERR_NO_STORAGE_VOL', `Storage volume not found: no storage vol with matching name '${name}'`, 'VIR_FROM_STORAGE')
      return { vol: vol(found, volume) }
    },
    storageVolLookupByPath: ({ path }) => {
      const { pool, volume } = at(path)
      return { vol: vol(pool, volume) }
    },
    storageVolGetInfo: (args) => info(args.vol),
    storageVolGetInfoFlags: (args) => info(args.vol),
    storageVolGetPath: (args) => ({ name: at(args.vol.key).volume.path }),
    storageVolGetXmlDesc: (args) => {
      const { volume } = at(args.vol.key)
      return { xml: `<volume type='file'><name>${escaped(volume.name)}</name><key>${escaped(volume.path)}</key><capacity unit='bytes'>${volume.capacity}</capacity><allocation unit='bytes'>${volume.allocation}</allocation><physical unit='bytes'>${volume.allocation}</physical><target><path>${escaped(volume.path)}</path><format type='${volume.format}'/></target></volume>` }
    },
    storageVolCreateXml: ({ pool, xml }) => {
      const found = poolOf(pool)
      const { name, capacity, format } = readStorageVolume(xml)
      if (found.volumes.has(name)) throw new Refusal('VIR_ERR_STORAGE_VOL_EXIST', `storage volume '${name}' exists already`, 'VIR_FROM_STORAGE')
      if (capacity > sizes(found).available) throw new Refusal('VIR_ERR_SYSTEM_ERROR', 'cannot create file: No space left on device', 'VIR_FROM_STORAGE')
      const volume: Volume = { name, path: `${found.about.path}/${name}`, capacity, allocation: 0, format: format ?? 'raw', content: [] }
      found.volumes.set(name, volume)
      return { vol: vol(found, volume) }
    },
    storageVolDelete: (args) => {
      const { pool, volume } = at(args.vol.key)
      pool.volumes.delete(volume.name)
    },
    storageVolUpload: (args, session, call) => {
      const { volume } = at(args.vol.key)
      volume.content.length = 0
      volume.allocation = 0
      session.serveStream(call, {
        take(bytes) {
          if (bytes === null) return
          volume.allocation += bytes.length
          if (volume.allocation <= keptBytes) volume.content.push(bytes)
        },
        aborted() {},
      })
    },
    storageVolDownload: (args, session, call) => {
      const { volume } = at(args.vol.key)
      const whole = Buffer.concat(volume.content)
      let sent = 0
      let isOver = false
      const pump = () => {
        while (!isOver && sent < volume.allocation) {
          const length = Math.min(packetBytes, volume.allocation - sent)
          const piece = sent < whole.length ? whole.subarray(sent, sent + length) : Buffer.alloc(length)
          sent += piece.length
          if (!session.streamPacket(call, 'continue', piece)) return session.whenDrained(pump)
        }
        if (!isOver) session.streamPacket(call, 'continue', Buffer.alloc(0))
      }
      session.serveStream(call, {
        take() {
          isOver = true
        },
        aborted() {
          isOver = true
        },
      })
      setImmediate(pump)
    },
  }
}
