import { cpuModel, cpuModelNames } from '../cpu-models.ts'
import { escaped } from './element.ts'

export interface MachineFacts {
  readonly uuid: string
  readonly cpus: number
  readonly memoryKiB: number
  readonly cpuModel: string
  readonly qemuVersion: string
}

const emulator = '/usr/bin/qemu-system-x86_64'

/** Machine types up to the version that the host's QEMU is of. */
function machines(qemuVersion: string): { alias: string; name: string }[] {
  const own = /^(\d+\.\d+)/.exec(qemuVersion)?.[1] ?? '7.2'
  const known = ['6.2', '7.0', '7.1', '7.2', '8.0', '8.1', '8.2', '9.0', '9.1', '9.2', '10.0']
  const upTo = known.filter((version) => Number.parseFloat(version) <= Number.parseFloat(own))
  return ['pc-q35', 'pc-i440fx'].flatMap((kind) => upTo.map((version) => ({ alias: version === own ? (kind === 'pc-q35' ? 'q35' : 'pc') : '', name: `${kind}-${version}` })))
}

function cpuXml(model: string): string {
  const { vendor, features } = cpuModel(model)
  return `<arch>x86_64</arch>
      <model>${escaped(model)}</model>
      <vendor>${vendor}</vendor>
      ${features.map((name) => `<feature name='${name}'/>`).join('')}
      <pages unit='KiB' size='4'/><pages unit='KiB' size='2048'/>`
}

/** What ConnectGetCapabilities answers. https://libvirt.org/formatcaps.html */
export function capabilitiesXml(machine: MachineFacts): string {
  const cpus = Array.from({ length: machine.cpus }, (_, id) => `<cpu id='${id}' socket_id='0' die_id='0' core_id='${id}' siblings='${id}'/>`).join('')
  const machineXml = machines(machine.qemuVersion)
    .map(({ alias, name }) => (alias ? `<machine canonical='${name}' maxCpus='288'>${alias}</machine>` : '') + `<machine maxCpus='288'>${name}</machine>`)
    .join('')
  return `<capabilities>
  <host>
    <uuid>${machine.uuid}</uuid>
    <cpu>
      ${cpuXml(machine.cpuModel)}
    </cpu>
    <migration_features><live/><uri_transports><uri_transport>tcp</uri_transport></uri_transports></migration_features>
    <topology><cells num='1'><cell id='0'>
      <memory unit='KiB'>${machine.memoryKiB}</memory>
      <pages unit='KiB' size='4'>${machine.memoryKiB / 4}</pages><pages unit='KiB' size='2048'>0</pages>
      <cpus num='${machine.cpus}'>${cpus}</cpus>
    </cell></cells></topology>
    <secmodel><model>none</model><doi>0</doi></secmodel>
  </host>
  <guest>
    <os_type>hvm</os_type>
    <arch name='x86_64'>
      <wordsize>64</wordsize>
      <emulator>${emulator}</emulator>
      ${machineXml}
      <domain type='qemu'/><domain type='kvm'/>
    </arch>
    <features><acpi default='on' toggle='yes'/><apic default='on' toggle='no'/></features>
  </guest>
</capabilities>
`
}

/** What ConnectGetDomainCapabilities answers; null for a machine type that this QEMU does not know. https://libvirt.org/formatdomaincaps.html */
export function domainCapabilitiesXml(machine: MachineFacts, type: string | null, virtType: string | null): string | null {
  const all = machines(machine.qemuVersion)
  const found = type === null ? all.find(({ alias }) => alias === 'q35') : all.find(({ alias, name }) => name === type || alias === type)
  if (!found) return null
  const { vendor, features } = cpuModel(machine.cpuModel)
  const usable = (name: string) => (cpuModel(name).features.every((feature) => features.includes(feature)) ? 'yes' : 'no')
  return `<domainCapabilities>
  <path>${emulator}</path>
  <domain>${escaped(virtType ?? 'kvm')}</domain>
  <machine>${found.name}</machine>
  <arch>x86_64</arch>
  <vcpu max='288'/>
  <os supported='yes'>
    <enum name='firmware'><value>efi</value></enum>
    <loader supported='yes'><enum name='type'><value>rom</value><value>pflash</value></enum></loader>
  </os>
  <cpu>
    <mode name='host-passthrough' supported='yes'/>
    <mode name='host-model' supported='yes'>
      <model fallback='forbid'>${escaped(machine.cpuModel)}</model><vendor>${vendor}</vendor>
    </mode>
    <mode name='custom' supported='yes'>${cpuModelNames.map((name) => `<model usable='${usable(name)}' vendor='${cpuModel(name).vendor}'>${name}</model>`).join('')}</mode>
  </cpu>
  <memoryBacking supported='yes'><enum name='sourceType'><value>file</value><value>anonymous</value><value>memfd</value></enum></memoryBacking>
  <devices>
    <disk supported='yes'><enum name='diskDevice'><value>disk</value><value>cdrom</value></enum><enum name='bus'><value>virtio</value><value>scsi</value><value>sata</value><value>usb</value></enum><enum name='model'><value>virtio</value></enum></disk>
    <graphics supported='yes'><enum name='type'><value>vnc</value></enum></graphics>
    <video supported='yes'><enum name='modelType'><value>vga</value><value>virtio</value></enum></video>
    <rng supported='yes'><enum name='model'><value>virtio</value></enum><enum name='backendModel'><value>random</value></enum></rng>
  </devices>
</domainCapabilities>
`
}
