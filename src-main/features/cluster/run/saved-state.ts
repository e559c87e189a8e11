import { pipeline } from 'node:stream/promises'
import type { VmRef } from '../../../contract/vm.ts'
import { Failure, messageOf } from '../../../base/failure.ts'
import type { Transport } from '../../../transport/transport.ts'
import { asRoot } from '../as-root.ts'
import type { RunParts } from './run-parts.ts'

/** A guest's memory and devices in a file of the host that it ran on. */
export interface SavedState {
  readonly host: string
  readonly path: string
}

/** Milliseconds for libvirt to write or read the memory of one guest. */
const stateMs = 30 * 60_000

type Parts = Pick<RunParts, 'hosts'>

/** Where the state of a VM is kept between its host and the next: beside libvirt's own. `vm.host` is the host that it ran on. */
export function savedStateOf({ host, uuid }: VmRef): SavedState {
  return { host, path: `/var/lib/libvirt/qemu/save/drover-${uuid}.save` }
}

/** Saves the guest, which is off afterwards. Rejects with what libvirt says; the guest then runs on. */
export async function saveGuest(vm: VmRef, name: string, { hosts }: Parts): Promise<SavedState> {
  const saved = savedStateOf(vm)
  // A connection of its own: the call takes as long as the memory is large.
  const connection = await hosts.session(vm.host).openConnection()
  try {
    const { dom } = await connection.call('domainLookupByUuid', { uuid: vm.uuid })
    await connection.call('domainSave', { dom, to: saved.path }, { deadlineMs: stateMs })
    return saved
  } catch (thrown) {
    throw new Failure('save-failed', `${name} could not be saved.`, { evidence: messageOf(thrown), next: 'It runs on. Choose another way for it.', cause: thrown })
  } finally {
    connection.close()
  }
}

/** Copies the file to the same place on another host, through this computer. Rejects with `save-copy-failed`; what was copied is then removed. */
export async function copyState({ host, path }: SavedState, to: string, { hosts }: Parts, signal: AbortSignal): Promise<void> {
  const [source, destination] = [hosts.session(host).transport, hosts.session(to).transport]
  const reading = await source.spawn([...(await asRoot(source)), 'cat', path], { signal })
  try {
    const writing = await destination.spawn([...(await asRoot(destination)), 'dd', `of=${path}`, 'bs=1M', 'status=none'], { signal })
    try {
      const [, read, written] = await Promise.all([pipeline(reading.stdout, writing.stdin, { signal }), reading.exited, writing.exited])
      if (read.code !== 0 || written.code !== 0) throw new Error(`reading ended with ${read.code}, writing with ${written.code}`)
    } finally {
      writing.close()
    }
  } catch (thrown) {
    await remove(path, destination)
    signal.throwIfAborted()
    throw new Failure('save-copy-failed', `The saved state could not be copied to ${hosts.name(to)}.`, { evidence: messageOf(thrown), next: 'Look for room in /var/lib/libvirt there, and whether this user may become root.', cause: thrown })
  } finally {
    reading.close()
  }
}

/** Has the guest go on from its file on that host, and removes the file, at the other end as well. Rejects with what libvirt says; the files then stay. */
export async function restoreGuest({ host, path }: SavedState, at: string, { hosts }: Parts): Promise<void> {
  const connection = await hosts.session(at).openConnection()
  try {
    await connection.call('domainRestore', { from: path }, { deadlineMs: stateMs })
  } finally {
    connection.close()
  }
  for (const each of new Set([host, at])) await remove(path, hosts.session(each).transport).catch(() => {})
}

async function remove(path: string, transport: Transport): Promise<void> {
  await transport.exec([...(await asRoot(transport)), 'rm', '-f', path], { deadlineMs: 15_000 })
}
