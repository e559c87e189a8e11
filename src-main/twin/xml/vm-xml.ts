import { cpuModel } from '../cpu-models.ts'
import type { VmDescription } from '../lab.ts'
import { escaped } from './element.ts'

export interface VmXmlPlace {
  readonly uuid: string
  readonly qemuVersion: string
  readonly cpuModel: string
  /** Paths by the order of the disks. */
  readonly paths: readonly string[]
}

/** The definition of a described VM: what libvirt shows of one that was made with usual tools. https://libvirt.org/formatdomain.html */
export function vmXml(vm: VmDescription, place: VmXmlPlace): string {
  const { uuid } = place
  const disks = (vm.disks ?? []).map((disk, i) => {
    const path = place.paths[i] ?? `/var/lib/libvirt/images/${vm.name}-${i}.qcow2`
    return `    <disk type='file' device='disk'><driver name='qemu' type='${disk.format ?? 'qcow2'}' cache='none'/><source file='${escaped(path)}'/><target dev='vd${String.fromCharCode(97 + i)}' bus='virtio'/></disk>\n`
  })
  const tags = (vm.tags ?? []).map((tag) => `<tag>${escaped(tag)}</tag>`).join('')
  const version = /^(\d+\.\d+)/.exec(place.qemuVersion)?.[1] ?? '7.2'
  const mac = ['52', '54', '00', uuid.slice(0, 2), uuid.slice(2, 4), uuid.slice(4, 6)].join(':')
  return `<domain type='kvm'>
  <name>${escaped(vm.name)}</name>
  <uuid>${uuid}</uuid>
${vm.title ? `  <title>${escaped(vm.title)}</title>\n` : ''}${tags ? `  <metadata><drover:tags xmlns:drover='https://drover.example/xmlns/tags'>${tags}</drover:tags></metadata>\n` : ''}  <memory unit='KiB'>${vm.memoryMiB * 1024}</memory>
  <currentMemory unit='KiB'>${vm.memoryMiB * 1024}</currentMemory>
  <vcpu placement='static'>${vm.vcpus}</vcpu>
  <os><type arch='x86_64' machine='pc-q35-${version}'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/></features>
  ${cpuXml(vm, place)}
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
${disks.join('')}    <interface type='network'><mac address='${mac}'/><source network='default'/><model type='virtio'/></interface>
    <serial type='pty'><target port='0'/></serial>
    <console type='pty'><target type='serial' port='0'/></console>
${vm.display === 'none' ? '' : `    <graphics type='vnc' ${displayAt(-1)} listen='127.0.0.1'><listen type='address' address='127.0.0.1'/></graphics>
    <video><model type='virtio' heads='1'/></video>
`}    <memballoon model='virtio'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
`
}

/** How a display says that libvirt chooses its port; -1 while it has none. */
export function displayAt(port: number): string {
  return `port='${port}' autoport='yes'`
}

/** The definition with this port for a display whose port libvirt chooses. */
export function displayedAt(xml: string, port: number): string {
  return xml.replace(/port='-?\d+' autoport='yes'/, displayAt(port))
}

/** host-model is what libvirt makes of it at the start: the host's own model, by name. */
function cpuXml(vm: VmDescription, { cpuModel: host }: VmXmlPlace): string {
  switch (vm.cpu ?? 'host-model') {
    case 'host-passthrough':
      return `<cpu mode='host-passthrough' check='none' migratable='on'/>`
    case 'qemu64':
      return `<cpu mode='custom' match='exact' check='none'><model fallback='forbid'>qemu64</model></cpu>`
    case 'host-model':
      return `<cpu mode='custom' match='exact' check='full'><model fallback='forbid'>${escaped(host)}</model><vendor>${cpuModel(host).vendor}</vendor></cpu>`
  }
}
