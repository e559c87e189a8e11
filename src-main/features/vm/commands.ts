import type { VmCommand, VmView } from '../../contract/vm.ts'
import { Failure } from '../../base/failure.ts'
import { isActive } from './state.ts'
import type { Connection } from '../../libvirt/client/connection.ts'

type DomainRef = { name: string; uuid: string; id: number }

/** libvirt's calls behind each command; nothing is powered off but by `force-off`. */
export async function runCommand(connection: Connection, dom: DomainRef, command: VmCommand, signal: AbortSignal): Promise<void> {
  const options = { signal }
  switch (command) {
    case 'start':
      await connection.call('domainCreateWithFlags', { dom, flags: 0 }, { ...options, deadlineMs: 60_000 })
      return
    case 'shutdown':
      await connection.call('domainShutdownFlags', { dom, flags: 0 }, { ...options, deadlineMs: 60_000 })
      return
    case 'reboot':
      await connection.call('domainReboot', { dom, flags: 0 }, { ...options, deadlineMs: 60_000 })
      return
    case 'suspend':
      await connection.call('domainSuspend', { dom }, options)
      return
    case 'resume':
      await connection.call('domainResume', { dom }, options)
      return
    case 'force-off':
      await connection.call('domainDestroyFlags', { dom, flags: 0 }, { ...options, deadlineMs: 60_000 })
      return
    case 'autostart-on':
    case 'autostart-off':
      await connection.call('domainSetAutostart', { dom, isAutostart: command === 'autostart-on' }, options)
  }
}

/** Why a command makes no sense for a VM in its present state, or null. The window greys it with the same sentence. */
export function whyNot(vm: VmView, command: VmCommand): string | null {
  if (vm.job !== null && command !== 'autostart-on' && command !== 'autostart-off') return `${vm.name} is being moved.`
  switch (command) {
    case 'start':
      return isActive(vm.state) ? `${vm.name} is not off.` : null
    case 'shutdown':
    case 'reboot':
    case 'suspend':
      return vm.state === 'running' ? null : `${vm.name} is not running.`
    case 'resume':
      if (vm.state === 'postcopy-failed') return `${vm.name} waits for its memory; recover the move instead.`
      return vm.state === 'paused' || vm.state === 'suspended' ? null : `${vm.name} is not paused.`
    case 'force-off':
      return isActive(vm.state) ? null : `${vm.name} is off already.`
    case 'autostart-on':
    case 'autostart-off':
      return vm.isPersistent ? null : `${vm.name} is transient: it has no definition that could be started with the host.`
  }
}

/** Throws `vm-command-refused` where {@link whyNot} has a reason. */
export function assertCommand(vm: VmView, command: VmCommand): void {
  const reason = whyNot(vm, command)
  if (reason) throw new Failure('vm-command-refused', reason)
}
