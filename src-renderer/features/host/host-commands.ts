import { useRouter } from 'vue-router'
import type { HostView } from '../../../src-main/contract/host.ts'
import { connectBackend } from '../../backend.ts'
import { allowed, refused, type Availability, type Command } from '../../ui/command/command.ts'
import { askConfirmation } from '../../ui/confirm.ts'
import { formatCount } from '../../ui/format.ts'
import { notify } from '../../ui/notice.ts'
import { hostClusterCommands } from '../cluster/maintenance/host-cluster-commands.ts'
import { useMoveIntentStore } from '../migration/move-intent-store.ts'
import { openMoveDialog } from '../migration/use-move-dialog.ts'
import { orNotify } from '../settings/problem-of.ts'
import { useVmStore } from '../vm/vm-store.ts'
import { isLive } from '../vm/vm-words.ts'
import { hostDialog } from './host-dialogs.ts'
import { removeHost } from './host-removal.ts'
import { useHostStore } from './host-store.ts'

/** Makes the commands of one host. Call in setup; the answer may be called whenever a menu opens, and in a computed. */
export function useHostCommands(): (id: string) => Command[] {
  const hosts = useHostStore()
  const intents = useMoveIntentStore()
  const router = useRouter()
  const vms = useVmStore()
  const movable = (id: string) => vms.keysOn(id).flatMap((key) => vms.vms.get(key) ?? []).filter((vm) => isLive(vm.state) && vm.job === null).map((vm) => vm.ref)

  return (id) => {
    const host = hosts.hosts.get(id)
    if (!host) return []
    const make = (name: string, group: string, title: string, icon: string, availability: Availability, run: () => void, over: Partial<Command> = {}): Command => ({
      id: `host.${name}`, group, title, icon, subject: host.name, availability, run, ...over,
    })
    const cut = intents.intent?.kind === 'cut' ? intents.intent.vms.filter((vm) => vm.host !== id) : []
    const paste = cut.length === 0 ? refused('Cut a VM first (Ctrl X).') : allowed
    return [
      make('open', 'open', 'Open', 'i-lucide-square-arrow-out-up-right', allowed, () => void router.push({ name: 'host', params: { id } }), { shortcut: 'Enter', keywords: 'page details' }),
      make('paste', 'open', cut.length > 0 ? `Move ${formatCount(cut.length, 'cut VM')} here…` : 'Move cut VMs here…', 'i-lucide-clipboard-paste', paste, () => {
        intents.end()
        openMoveDialog({ vms: cut, destination: id })
      }, { shortcut: 'Ctrl+V', keywords: 'paste migrate' }),
      make('gang', 'cluster', 'Move its VMs as a gang…', 'i-lucide-boxes', gangRule(host, movable(id).length, hosts.hosts.size), () => openMoveDialog({ vms: movable(id), isGang: true }), { keywords: 'together deduplicate all evacuate rack' }),
      ...hostClusterCommands(host, router),
      make('edit', 'edit', 'Label, group, tags, migration address…', 'i-lucide-pencil', allowed, () => (hostDialog.value = { kind: 'edit', host: id }), { shortcut: 'F2', keywords: 'rename edit settings' }),
      ...(host.connection.state === 'offline' ? [make('problem', 'edit', 'Why it is not connected…', 'i-lucide-circle-alert', allowed, () => (hostDialog.value = { kind: 'problem', host: id }))] : []),
      make('reconnect', 'edit', 'Reconnect', 'i-lucide-refresh-cw', allowed, () => void orNotify(`Reconnect ${host.name}`, () => connectBackend().client.host.reconnect({ host: id }))),
      make('remove-agent', 'forget', 'Remove Drover’s files from it…', 'i-lucide-eraser', online(host), () => void removeAgent(host), { keywords: 'agent uninstall clean', isDestructive: true }),
      make('remove', 'forget', 'Remove from Drover…', 'i-lucide-unplug', allowed, () => void removeHost(id, host.name), { keywords: 'forget delete disconnect', isDestructive: true }),
    ]
  }
}

/** A whole host as a gang: its running VMs, two at least. */
function gangRule(host: HostView, count: number, hostCount: number): Availability {
  if (hostCount < 2) return refused('There is no other host. Connect one first.')
  const reachable = online(host)
  if (!reachable.can) return reachable
  return count > 1 ? allowed : refused('A gang takes two running VMs.')
}

function online(host: HostView): Availability {
  return host.connection.state === 'online' ? allowed : refused(`${host.name} is not connected.`)
}

async function removeAgent(host: HostView): Promise<void> {
  const isSure = await askConfirmation({
    title: `Remove Drover’s files from ${host.name}?`,
    lines: ['This deletes the agent that Drover uploaded to your cache folder there. The next move uploads it again.'],
    action: 'Remove the files',
    isDestructive: true,
  })
  if (!isSure) return
  const told = await orNotify(`Remove Drover’s files from ${host.name}`, () => connectBackend().client.host.removeAgentFiles({ host: host.record.id }))
  if (told) notify({ tone: 'success', title: told.removed.length === 0 ? `There were no files of Drover on ${host.name}.` : `Removed ${formatCount(told.removed.length, 'file')} from ${host.name}.` })
}
