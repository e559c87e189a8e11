import type { VmDetails } from '../../../src-main/contract/vm.ts'

type Device = VmDetails['devices'][number]

/** Titles of the kinds of devices, in the order in which they are shown; what is not named here comes last under its own name. */
const titles: Readonly<Record<string, { readonly title: string; readonly icon: string }>> = {
  disk: { title: 'Disks', icon: 'i-lucide-hard-drive' },
  cdrom: { title: 'CD-ROM drives', icon: 'i-lucide-disc-3' },
  floppy: { title: 'Floppy drives', icon: 'i-lucide-save' },
  nic: { title: 'Network interfaces', icon: 'i-lucide-ethernet-port' },
  'host-device': { title: 'Host devices', icon: 'i-lucide-circuit-board' },
  filesystem: { title: 'Shared folders', icon: 'i-lucide-folder-symlink' },
  display: { title: 'Displays', icon: 'i-lucide-monitor' },
  video: { title: 'Video', icon: 'i-lucide-gpu' },
  console: { title: 'Serial consoles', icon: 'i-lucide-square-terminal' },
  channel: { title: 'Channels', icon: 'i-lucide-cable' },
  tpm: { title: 'TPM', icon: 'i-lucide-shield-check' },
  memory: { title: 'Memory devices', icon: 'i-lucide-memory-stick' },
  'shared-memory': { title: 'Shared memory', icon: 'i-lucide-memory-stick' },
  sound: { title: 'Sound', icon: 'i-lucide-volume-2' },
  input: { title: 'Input', icon: 'i-lucide-keyboard' },
  other: { title: 'Others', icon: 'i-lucide-box' },
  controller: { title: 'Controllers', icon: 'i-lucide-workflow' },
}
const order = Object.keys(titles)

export interface DeviceGroup {
  readonly kind: string
  readonly title: string
  readonly icon: string
  readonly devices: readonly Device[]
}

/** Devices by kind, what matters to a move first; within a kind in the order of the definition. */
export function groupDevices(devices: readonly Device[]): DeviceGroup[] {
  const groups = new Map<string, Device[]>()
  for (const device of devices) groups.set(device.kind, [...(groups.get(device.kind) ?? []), device])
  const rank = (kind: string) => (order.includes(kind) ? order.indexOf(kind) : order.length)
  return [...groups]
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([kind, list]) => ({ kind, devices: list, title: titles[kind]?.title ?? kind, icon: titles[kind]?.icon ?? 'i-lucide-box' }))
}
