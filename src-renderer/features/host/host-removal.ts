import { connectBackend } from '../../backend.ts'
import { askConfirmation } from '../../ui/confirm.ts'
import { orNotify } from '../settings/problem-of.ts'

/** Asks for the host's name in writing, then lets Drover forget it. */
export async function removeHost(host: string, name: string): Promise<void> {
  const isSure = await askConfirmation({
    title: `Remove ${name} from Drover?`,
    lines: ['Drover forgets the host. Nothing happens on it: its VMs go on as they are.', 'Past moves stay in the history.'],
    action: 'Remove from Drover',
    isDestructive: true,
    typed: name,
  })
  if (isSure) await orNotify(`Remove ${name}`, () => connectBackend().client.host.remove({ host }))
}
