import type { HostView } from '../../../src-main/contract/host.ts'
import type { VmCommand, VmView } from '../../../src-main/contract/vm.ts'
import { allowed, refused, type Availability } from '../../ui/command/command.ts'
import { isLive, vmStateWord } from './vm-words.ts'

/** Whether anything can be asked of a host. */
export function hostRule(host: HostView | undefined): Availability {
  if (!host) return refused('Its host is not known any more.')
  if (host.connection.state !== 'online') return refused(`${host.name} is not connected.`)
  return allowed
}

function writeRule(host: HostView | undefined): Availability {
  const reachable = hostRule(host)
  if (!reachable.can) return reachable
  if (host?.connection.state === 'online' && !host.connection.isWritable) return refused(`The connection to ${host.name} is read-only.`)
  return allowed
}

/** Whether a command may be given to a VM now. libvirt has the last word; this says beforehand what is plain. */
export function commandRule(command: VmCommand, vm: VmView, host: HostView | undefined): Availability {
  const writable = writeRule(host)
  if (!writable.can) return writable
  const isAutostart = command === 'autostart-on' || command === 'autostart-off'
  if (vm.job !== null && !isAutostart) return refused('A move is going on with it.')
  switch (command) {
    case 'start':
      return isLive(vm.state) ? refused(`It is ${vmStateWord(vm.state)}.`) : vm.state === 'unknown' ? refused('Its state is not known.') : allowed
    case 'shutdown':
    case 'reboot':
    case 'suspend':
      return vm.state === 'running' ? allowed : refused(`It is ${vmStateWord(vm.state)}.`)
    case 'resume':
      return vm.state === 'paused' ? allowed : vm.state === 'suspended' ? refused('The guest suspended itself; wake it from its console.') : refused(`It is ${vmStateWord(vm.state)}.`)
    case 'force-off':
      return isLive(vm.state) ? allowed : refused(`It is ${vmStateWord(vm.state)}.`)
    case 'autostart-on':
      return !vm.isPersistent ? refused('It is transient: the host forgets it when it ends.') : vm.hasAutostart ? refused('It starts with the host already.') : allowed
    case 'autostart-off':
      return vm.hasAutostart ? allowed : refused('It does not start with the host.')
  }
}

/** Whether a VM may leave its host, as far as that is plain; preflight says the rest. `hostCount` is how many hosts are known. */
export function moveRule(vm: VmView, host: HostView | undefined, hostCount: number): Availability {
  const writable = writeRule(host)
  if (!writable.can) return writable
  if (hostCount < 2) return refused('There is no other host. Connect one first.')
  if (vm.job !== null) return refused('A move is going on with it already.')
  if (vm.state === 'incoming') return refused('It is just arriving.')
  if (vm.state === 'shutting-down') return refused('It is shutting down.')
  return allowed
}
