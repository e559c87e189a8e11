import type { VmRef, VmState } from '../../../contract/vm.ts'
import { abortable } from '../../../base/abort.ts'
import { Failure } from '../../../base/failure.ts'
import type { RunParts } from './run-parts.ts'

/** Milliseconds that a guest has to shut down by itself. It is never forced. */
const shutdownMs = 5 * 60_000

type Parts = Pick<RunParts, 'inventory' | 'vms'>

/** Asks the guest to shut down, and resolves when it is off. Rejects with `guest-not-off` after five minutes, or with the signal's reason: it then runs on, or ends by itself. */
export async function shutDownGuest(vm: VmRef, name: string, parts: Parts, signal: AbortSignal): Promise<void> {
  await parts.vms.command(vm, 'shutdown', signal)
  const late = AbortSignal.timeout(shutdownMs)
  try {
    await whenState(vm, 'off', parts.inventory, AbortSignal.any([signal, late]))
  } catch (thrown) {
    if (!late.aborted || signal.aborted) throw thrown
    throw new Failure('guest-not-off', `${name} did not shut down within five minutes, and runs on.`, { next: 'Shut it down from inside and try again, or move it while it runs.' })
  }
}

/** Starts a VM that is off, as soon as the inventory has it on that host and its move has let go of it. */
export async function startGuest(vm: VmRef, parts: Parts, signal: AbortSignal): Promise<void> {
  await whenState(vm, 'off', parts.inventory, signal)
  await parts.vms.command(vm, 'start', signal)
}

/** Resolves when the VM is there, in that state, and no move has it in hand. */
function whenState(vm: VmRef, state: VmState, inventory: RunParts['inventory'], signal: AbortSignal): Promise<void> {
  const isThere = () => {
    const view = inventory.vm(vm)
    return view?.state === state && view.job === null
  }
  if (isThere()) return Promise.resolve()
  let stop = () => {}
  const changed = new Promise<void>((resolve) => {
    const listening = inventory.onDidChangeVm(() => {
      if (isThere()) resolve()
    })
    stop = () => listening.dispose()
  })
  return abortable(changed, signal).finally(stop)
}
