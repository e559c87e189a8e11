import { shallowRef } from 'vue'
import { connectBackend } from '../../../backend.ts'
import { askConfirmation } from '../../../ui/confirm.ts'
import { notify } from '../../../ui/notice.ts'
import { orNotify } from '../../settings/problem-of.ts'

/** The host that is about to enter maintenance, while its dialog is open; MaintenanceDialog.vue is mounted once by the frame. */
export const maintenanceRequest = shallowRef<{ readonly host: string; readonly name: string } | null>(null)

/** Asks for the reason, then keeps the host free from now on. Its VMs stay as they are. */
export function enterMaintenance(host: string, name: string): void {
  maintenanceRequest.value = { host, name }
}

export async function leaveMaintenance(host: string, name: string): Promise<void> {
  const isDone = await orNotify(`Leave maintenance of ${name}`, async () => (await connectBackend().client.cluster.leaveMaintenance({ host }), true))
  if (isDone) notify({ tone: 'success', title: `${name} has left maintenance: VMs may be placed there again.` })
}

/** Asks for the host's name in writing, then shuts the machine down. The host itself is asked first whether it is empty. */
export async function shutDownHost(host: string, name: string): Promise<void> {
  const isSure = await askConfirmation({
    title: `Shut down ${name}?`,
    lines: ['The machine itself is powered off over SSH. Drover cannot switch it on again.', 'It is asked once more right before, and stays on if any VM is there.'],
    action: 'Shut down host',
    isDestructive: true,
    typed: name,
  })
  if (!isSure) return
  const isDone = await orNotify(`Shut down ${name}`, async () => (await connectBackend().client.cluster.shutDownHost({ host, confirm: name }), true))
  if (isDone) notify({ tone: 'success', title: `${name} was asked to shut down.` })
}
