import { delay } from '../../base/abort.ts'
import type { Connection } from '../../libvirt/client/connection.ts'
import { domainStateOf } from '../../libvirt/wire/constants/domain-state.ts'
import { highest, lowest, peekPhysical } from './peek.ts'

/** VIR_CONNECT_LIST_DOMAINS_RUNNING, libvirt-domain.h. */
const listRunning = 16
/** Read at a time. libvirt has QEMU write it to a file first, which takes 5 ms in all; at 4 MiB a guest that ticks every 5 ms lost a tick in twenty-five, at this size none. */
const chunkBytes = 1024 * 1024
/** A guest that takes longer for a piece is left alone. */
const peekMs = 2000

interface Read {
  readonly dom: { readonly name: string; readonly uuid: string; readonly id: number }
  readonly end: number
  at: number
}

export interface ResidentReading {
  /** Takes a piece of a guest's memory; false: no more is wanted. */
  readonly take: (memory: Buffer) => boolean
  /** Of the time, how much reading may take now, above 0 to 1. */
  readonly share: () => number
  readonly signal: AbortSignal
}

export interface ResidentsRead {
  readonly vms: number
  readonly bytes: number
}

/**
 * Reads the memory of the VMs that run on this host, through the daemon and while they run, a piece of each in turn from the lowest address on.
 * VMs whose memory is still to come (post-copy) are left out, and so is one that does not answer. Answers how many VMs were read from, and how much of them, also where `signal` ended it. Rejects with what the daemon says to the list.
 */
export async function readResidents(connection: Connection, { take, share, signal }: ResidentReading): Promise<ResidentsRead> {
  const { domains } = await connection.call('connectListAllDomains', { needResults: 1, flags: listRunning }, { signal })
  let vms: Read[] = []
  let bytes = 0
  const seen = new Set<string>()
  try {
    for (const dom of domains) {
      const { state, reason } = await connection.call('domainGetState', { dom, flags: 0 }, { signal })
      if (!isWhole(state, reason)) continue
      const { memory } = await connection.call('domainGetMaxMemory', { dom }, { signal })
      vms.push({ dom, at: lowest, end: Math.min(highest, Number(memory) * 1024) })
    }
    while (vms.length > 0) {
      for (const vm of vms) {
        const began = performance.now()
        const piece = await peekPhysical(connection, vm.dom, vm.at, Math.min(chunkBytes, vm.end - vm.at), { signal, deadlineMs: peekMs }).catch(() => null)
        signal.throwIfAborted()
        vm.at = piece && piece.length > 0 ? vm.at + piece.length : vm.end
        bytes += piece?.length ?? 0
        if (piece) seen.add(vm.dom.uuid)
        if (piece && !take(piece)) return { vms: seen.size, bytes }
        await delay((performance.now() - began) * (1 / share() - 1), signal)
      }
      vms = vms.filter(({ at, end }) => at < end)
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  }
  return { vms: seen.size, bytes }
}

function isWhole(state: number, reason: number): boolean {
  const said = domainStateOf(state, reason)
  return said.state === 'running' && said.reason !== 'postcopy' && said.reason !== 'postcopy-failed'
}
