import { dirname } from 'node:path/posix'
import type { ExecResult } from '../../../transport/transport.ts'
import { readDomainCapabilities, type DomainCapabilities } from '../../../libvirt/xml/capabilities/domain.ts'
import { readNetwork, type Network } from '../../../libvirt/xml/network/network.ts'
import { readStoragePool, type StoragePool } from '../../../libvirt/xml/storage/pool.ts'
import { readStorageVolume, type StorageVolume } from '../../../libvirt/xml/storage/volume.ts'
import { poolStates } from '../../../libvirt/wire/constants/storage.ts'
import type { StoragePoolRef, StorageVolumeRef } from '../../../libvirt/wire/objects.ts'
import type { CallParameters } from '../../../libvirt/client/connection.ts'
import type { ArgsOf, PlainProcedureName, ResultOf } from '../../../libvirt/wire/procedures.ts'
import type { HostSession } from '../../host/host-session.ts'
import { parseIpAddr, parseSpeeds, type NetLink } from './net-links.ts'
import { Once } from './once.ts'

export interface HostNetwork extends Network {
  readonly isActive: boolean
}

/** Sizes in bytes; null while the pool is not active. */
export interface HostPool extends StoragePool {
  readonly ref: StoragePoolRef
  readonly isActive: boolean
  readonly capacityBytes: number | null
  readonly availableBytes: number | null
}

export interface HostVolume extends StorageVolume {
  readonly ref: StorageVolumeRef
}

export interface HostDomain {
  readonly name: string
  readonly uuid: string
  readonly isActive: boolean
}

/** KiB. `available` counts caches that the kernel would give back, null where the daemon does not say. */
export interface HostMemory {
  readonly total: number
  readonly free: number
  readonly available: number | null
}

export interface FreePages {
  readonly cell: number
  /** KiB of one page. */
  readonly size: number
  readonly free: number
}

/** Milliseconds for a command that only looks. */
const commandMs = 5_000

/**
 * What one host says of itself, asked when first wanted and remembered for the life of the reader: one preflight. Nothing here changes a host,
 * beyond having a storage pool look at its folder again.
 */
export class HostFactsReader {
  readonly session: HostSession
  readonly #signal: AbortSignal
  readonly #once = new Once()

  constructor(session: HostSession, signal: AbortSignal) {
    this.session = session
    this.#signal = signal
  }

  networks(): Promise<readonly HostNetwork[]> {
    return this.#once.ask('networks', async () => {
      const { nets } = await this.#call('connectListAllNetworks', { needResults: 1, flags: 0 })
      return present(
        nets.map(async (net) => {
          const [{ xml }, { isActive }] = await Promise.all([this.#call('networkGetXmlDesc', { net, flags: 0 }), this.#call('networkIsActive', { net })])
          return { ...readNetwork(xml), isActive }
        }),
      )
    })
  }

  pools(): Promise<readonly HostPool[]> {
    return this.#once.ask('pools', async () => {
      const { pools } = await this.#call('connectListAllStoragePools', { needResults: 1, flags: 0 })
      return present(
        pools.map(async (ref) => {
          const [{ xml }, info] = await Promise.all([this.#call('storagePoolGetXmlDesc', { pool: ref, flags: 0 }), this.#call('storagePoolGetInfo', { pool: ref })])
          const isActive = info.state === poolStates.running || info.state === poolStates.degraded
          return { ...readStoragePool(xml), ref, isActive, capacityBytes: isActive ? info.capacity : null, availableBytes: isActive ? info.available : null }
        }),
      )
    })
  }

  volumes(pool: StoragePoolRef): Promise<readonly HostVolume[]> {
    return this.#once.ask(`volumes ${pool.uuid}`, async () => {
      const { vols } = await this.#call('storagePoolListAllVolumes', { pool, needResults: 1, flags: 0 })
      return present(vols.map(async (ref) => ({ ...readStorageVolume((await this.#call('storageVolGetXmlDesc', { vol: ref, flags: 0 })).xml), ref })))
    })
  }

  /** The volume at a path, in whichever active pool; null where libvirt knows none. A pool that does not know a file of its folder yet looks once more. */
  volumeAt(path: string): Promise<HostVolume | null> {
    return this.#once.ask(`volume at ${path}`, async () => {
      const find = () => this.#call('storageVolLookupByPath', { path }).catch(() => null)
      let found = await find()
      if (!found && (await this.exec(['test', '-e', path]))?.code === 0 && (await this.#refreshPoolOf(path))) found = await find()
      if (!found) return null
      const { vol } = found
      const described = await this.#call('storageVolGetXmlDesc', { vol, flags: 0 }).catch(() => null)
      if (described) return { ...readStorageVolume(described.xml), ref: vol }
      // libvirt may still know a file that is gone from its folder, and would then refuse to make it anew.
      await this.#refreshPoolOf(path)
      return null
    })
  }

  /** Has the pool over the path's folder look there again. False where there is none, or it could not. */
  async #refreshPoolOf(path: string): Promise<boolean> {
    const pool = (await this.pools()).find(({ isActive, targetPath }) => isActive && targetPath?.replace(/\/+$/, '') === dirname(path))
    if (!pool) return false
    return this.#once.ask(`refresh of ${pool.name}`, () => this.#call('storagePoolRefresh', { pool: pool.ref, flags: 0 }).then(() => true, () => false))
  }

  domains(): Promise<readonly HostDomain[]> {
    return this.#once.ask('domains', async () => {
      const { domains } = await this.#call('connectListAllDomains', { needResults: 1, flags: 0 })
      return domains.map(({ name, uuid, id }) => ({ name, uuid, isActive: id >= 0 }))
    })
  }

  memory(): Promise<HostMemory> {
    return this.#once.ask('memory', async () => {
      const whole = { cellNum: -1, flags: 0 }
      const { nparams } = await this.#call('nodeGetMemoryStats', { ...whole, nparams: 0 })
      const { params } = await this.#call('nodeGetMemoryStats', { ...whole, nparams })
      const value = (field: string) => params.find((each) => each.field === field)?.value ?? null
      const free = value('free') ?? 0
      const caches = value('cached')
      return { total: value('total') ?? this.session.facts.memoryKiB, free, available: caches === null ? null : free + caches + (value('buffers') ?? 0) }
    })
  }

  /** Free pages of each size in each NUMA cell, huge pages and others. */
  freePages(): Promise<readonly FreePages[]> {
    return this.#once.ask('free pages', async () => {
      const { cells } = this.session.capabilities.host
      const answers = await Promise.all(
        cells.map(async (cell) => {
          const sizes = cell.pages.flatMap((page) => (page.size === undefined ? [] : [page.size]))
          if (sizes.length === 0) return []
          const { counts } = await this.#call('nodeGetFreePages', { pages: sizes, startCell: cell.id ?? 0, cellCount: 1, flags: 0 })
          return sizes.map((size, i) => ({ cell: cell.id ?? 0, size, free: counts[i] ?? 0 }))
        }),
      )
      return answers.flat()
    })
  }

  /** What the host can give a guest of this kind; null where it does not know the combination. */
  domainCapabilities(of: { emulator: string | undefined; arch: string | undefined; machine: string | undefined; virtType: string }): Promise<DomainCapabilities | null> {
    return this.#once.ask(`domain capabilities ${JSON.stringify(of)}`, async () => {
      const ask = { emulatorbin: of.emulator ?? null, arch: of.arch ?? null, machine: of.machine ?? null, virttype: of.virtType, flags: 0 }
      const answer = await this.#call('connectGetDomainCapabilities', ask).catch(() => null)
      return answer && readDomainCapabilities(answer.capabilities)
    })
  }

  /** Network devices with addresses, MTU and speed; null where no command can be run on the host. */
  interfaces(): Promise<readonly NetLink[] | null> {
    return this.#once.ask('interfaces', async () => {
      const answer = await this.exec(['ip', '-j', 'addr'])
      if (answer?.code !== 0) return null
      const links = parseIpAddr(answer.stdout)
      // A device without speed makes the read fail; -s keeps grep quiet about it.
      const speeds = parseSpeeds((await this.exec(['grep', '-sH', '', ...links.map(({ name }) => `/sys/class/net/${name}/speed`)]))?.stdout ?? '')
      return links.map((link) => ({ ...link, mbps: speeds.get(link.name) ?? null }))
    })
  }

  /** A command that only looks. null where commands cannot be run there, or it took too long. */
  exec(argv: readonly string[]): Promise<ExecResult | null> {
    return this.#once.ask(`exec ${JSON.stringify(argv)}`, async () => {
      try {
        return await this.session.transport.exec(argv, { deadlineMs: commandMs, signal: this.#signal })
      } catch (thrown) {
        this.#signal.throwIfAborted()
        void thrown
        return null
      }
    })
  }

  /** A text file of the host; null where it is not there or may not be read. */
  async readFile(path: string): Promise<string | null> {
    const answer = await this.exec(['cat', '--', path])
    return answer?.code === 0 ? answer.stdout : null
  }

  #call<N extends PlainProcedureName>(name: N, args: ArgsOf<N>): Promise<ResultOf<N>> {
    return this.session.connection.call(name, ...([args, { signal: this.#signal }] as unknown as CallParameters<N>))
  }
}

/** What was removed between the list and the look is left out. */
async function present<T>(asked: readonly Promise<T>[]): Promise<T[]> {
  const answers = await Promise.allSettled(asked)
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
}
