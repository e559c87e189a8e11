import type { Router } from 'vue-router'
import type { HostView } from '../../../../src-main/contract/host.ts'
import { allowed, refused, type Availability, type Command } from '../../../ui/command/command.ts'
import { useVmStore } from '../../vm/vm-store.ts'
import { useRunStore } from '../run/run-store.ts'
import { enterMaintenance, leaveMaintenance, shutDownHost } from './maintenance-actions.ts'

/** What a host offers as a part of the cluster: emptying it, maintenance, bringing its VMs back, shutting it down. */
export function hostClusterCommands(host: HostView, router: Router): Command[] {
  const { id, maintenance } = host.record
  const count = useVmStore().keysOn(id).length
  const run = useRunStore().openOf(id)
  const isThere = host.connection.state === 'online'
  const away = refused(`${host.name} is not connected.`)
  const make = (name: string, title: string, icon: string, availability: Availability, act: () => void, over: Partial<Command> = {}): Command => ({
    id: `host.${name}`, group: 'cluster', title, icon, subject: host.name, availability, run: act, ...over,
  })
  const plan = (kind: 'evacuate' | 'return') => () => void router.push({ name: 'plan', params: { kind, of: id } })
  const busy = run ? refused('A run about this host is under way.') : null
  const whyNoShutdown = busy ?? (!isThere ? away : count > 0 ? refused('There are VMs on it: evacuate it first.') : !maintenance ? refused('Put it into maintenance first.') : allowed)
  return [
    ...(run ? [make('run', 'Show its run', 'i-lucide-activity', allowed, () => void router.push({ name: 'run', params: { id: run.id } }), { keywords: 'evacuation progress' })] : []),
    make('evacuate', 'Evacuate…', 'i-lucide-log-out', busy ?? (!isThere ? away : count === 0 ? refused('It has no VMs.') : allowed), plan('evacuate'), { keywords: 'empty drain vacate maintenance move all' }),
    make('return', 'Bring VMs back…', 'i-lucide-undo-2', busy ?? (!isThere ? away : allowed), plan('return'), { keywords: 'return restore evacuation' }),
    maintenance
      ? make('leave-maintenance', 'Leave maintenance', 'i-lucide-circle-play', allowed, () => void leaveMaintenance(id, host.name), { keywords: 'exit end' })
      : make('enter-maintenance', 'Enter maintenance…', 'i-lucide-wrench', allowed, () => enterMaintenance(id, host.name), { keywords: 'cordon' }),
    make('shut-down', 'Shut down host…', 'i-lucide-power', whyNoShutdown, () => void shutDownHost(id, host.name), { group: 'forget', isDestructive: true, keywords: 'power off machine' }),
  ]
}
