import { shape, text, yes, type Read } from '../read.ts'

/** What happens on power-off, reboot, crash; and whether the guest may sleep. https://libvirt.org/formatdomain.html#events-configuration */
export const readLifecycle = shape({
  onPowerOff: text('on_poweroff'),
  onReboot: text('on_reboot'),
  onCrash: text('on_crash'),
  onLockFailure: text('on_lockfailure'),
  canSuspendToMemory: yes('pm/suspend-to-mem/@enabled'),
  canSuspendToDisk: yes('pm/suspend-to-disk/@enabled'),
})
export type Lifecycle = Read<typeof readLifecycle>
