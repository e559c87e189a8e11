import { createHash } from 'node:crypto'
import { sharedFolder } from './places.ts'

/** A disk, virtio-blk, `vda` then `vdb`…: a file of the host. */
export interface GuestDisk {
  /** Path on the host; below `sharedFolder` all hosts see it. */
  readonly path: string
  readonly format: 'raw' | 'qcow2'
  /** QEMU's cache mode; default none given. */
  readonly cache?: 'none' | 'writeback' | 'writethrough' | 'unsafe'
}

/** What a lab guest is to be. All but the name has defaults that suit tests: small, idle, diskless. */
export interface GuestSpec {
  readonly name: string
  /** Default: derived from the name. */
  readonly uuid?: string
  /** The VM's memory in MiB; default 96, which leaves about 40 to the pattern. */
  readonly memoryMiB?: number
  readonly vcpus?: number
  /** Default pc-q35-7.2, which both generations know. */
  readonly machine?: string
  /** The checksummed pattern, in MiB; default 16. */
  readonly patternMiB?: number
  /** Seed of what clones share; default 1. */
  readonly seed?: number
  /** Per cent of the pattern that is this guest's alone; default 0. Clones differ in it when their `privateSeed` does (default: from the name). */
  readonly privatePercent?: number
  readonly privateSeed?: number
  /** Milliseconds between ticks on the serial line; default 20. */
  readonly tickMs?: number
  /** Memory dirtied, MiB a second, or as fast as it can; default 0. */
  readonly rate?: number | 'max'
  /** Dirty only the first so many MiB of the pattern. */
  readonly hotMiB?: number
  /** Per cent of the guest's time spent verifying in the background; default 5. */
  readonly verifyPercent?: number
  readonly disks?: readonly GuestDisk[]
  /** An ISO or any other file in the drive; null for an empty drive; leave out for no drive. */
  readonly cdrom?: string | null
  /** A NIC on the host's bridge `br0`, or on libvirt's network `lab` (the same wire). */
  readonly nic?: 'bridge' | 'network'
  /** A VNC display, listening on the host's loopback, or everywhere. */
  readonly vnc?: { readonly password?: string; readonly listen?: string }
  /** Further elements, verbatim, below `<domain>` or `<devices>`. */
  readonly extraXml?: string
  readonly extraDevicesXml?: string
}

const escaped = (text: string) => text.replace(/[&<>'"]/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** The path of a guest's serial log on whichever host it runs: written by virtlogd, so that it outlives QEMU and libvirtd. */
export function serialLogPath(name: string): string {
  return `/var/log/libvirt/qemu/${name}-serial.log`
}

/** A UUID that is the same for the same name, on every host. */
export function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

// The PM timer: slow to read but right; under TCG on a busy machine the kernel measures the TSC wrongly, by a factor of twenty at times.
function commandLine(spec: GuestSpec): string {
  const settings: Record<string, string | number | undefined> = {
    name: spec.name,
    memory: spec.patternMiB ?? 16,
    seed: spec.seed ?? 1,
    private: spec.privatePercent ?? 0,
    privateseed: spec.privateSeed ?? Number.parseInt(uuidOf(spec.name).slice(0, 8), 16),
    tick: spec.tickMs ?? 20,
    rate: spec.rate ?? 0,
    hot: spec.hotMiB,
    verify: spec.verifyPercent ?? 5,
  }
  const given = Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [`lab.${key}=${value}`]))
  return ['console=ttyS0', 'quiet', 'loglevel=3', 'panic=1', 'mitigations=off', 'nokaslr', 'no_timer_check', 'nowatchdog', 'clocksource=acpi_pm', ...given].join(' ')
}

function diskXml(disk: GuestDisk, index: number): string {
  const cache = disk.cache ? ` cache='${disk.cache}'` : ''
  return `    <disk type='file' device='disk'>
      <driver name='qemu' type='${disk.format}'${cache}/>
      <source file='${escaped(disk.path)}'/>
      <target dev='vd${String.fromCharCode(97 + index)}' bus='virtio'/>
    </disk>
`
}

function cdromXml(source: string | null): string {
  return `    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/>
${source === null ? '' : `      <source file='${escaped(source)}'/>\n`}      <target dev='sda' bus='sata'/>
      <readonly/>
    </disk>
`
}

function nicXml(kind: 'bridge' | 'network', uuid: string): string {
  const source = kind === 'bridge' ? `<source bridge='br0'/>` : `<source network='lab'/>`
  const mac = ['52', '54', '00', uuid.slice(0, 2), uuid.slice(2, 4), uuid.slice(4, 6)].join(':')
  return `    <interface type='${kind}'>
      ${source}
      <mac address='${mac}'/>
      <model type='virtio'/>
      <rom enabled='no'/>
    </interface>
`
}

function vncXml({ password, listen = '127.0.0.1' }: NonNullable<GuestSpec['vnc']>): string {
  const secret = password === undefined ? '' : ` passwd='${escaped(password)}'`
  return `    <graphics type='vnc' port='-1' autoport='yes'${secret}>
      <listen type='address' address='${escaped(listen)}'/>
    </graphics>
    <video><model type='vga' vram='16384' heads='1'/></video>
`
}

/**
 * Domain XML for a lab guest. TCG only: KVM may be missing, or hang, inside the machines that labs run on.
 * The serial port is a pty, so that DomainOpenConsole reads and types on it, and virtlogd keeps all that it says in `serialLogPath`.
 */
export function guestXml(spec: GuestSpec, boot: { readonly kernel: string; readonly initramfs: string }): string {
  const uuid = spec.uuid ?? uuidOf(spec.name)
  const cdrom = spec.cdrom === undefined ? '' : cdromXml(spec.cdrom)
  return `<domain type='qemu'>
  <name>${escaped(spec.name)}</name>
  <uuid>${uuid}</uuid>
  <memory unit='MiB'>${spec.memoryMiB ?? 96}</memory>
  <vcpu>${spec.vcpus ?? 1}</vcpu>
  <os>
    <type arch='x86_64' machine='${escaped(spec.machine ?? 'pc-q35-7.2')}'>hvm</type>
    <kernel>${escaped(boot.kernel)}</kernel>
    <initrd>${escaped(boot.initramfs)}</initrd>
    <cmdline>${escaped(commandLine(spec))}</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact' check='none'><model fallback='forbid'>qemu64</model></cpu>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
${spec.extraXml ?? ''}  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
${(spec.disks ?? []).map(diskXml).join('')}${cdrom}${spec.nic ? nicXml(spec.nic, uuid) : ''}    <serial type='pty'>
      <log file='${escaped(serialLogPath(spec.name))}' append='on'/>
      <target port='0'/>
    </serial>
    <console type='pty'><target type='serial' port='0'/></console>
    <controller type='usb' model='none'/>
    <memballoon model='virtio'/>
${spec.vnc ? vncXml(spec.vnc) : ''}${spec.extraDevicesXml ?? ''}  </devices>
</domain>
`
}

/** A path that all hosts of the lab share. */
export function onShared(file: string): string {
  return `${sharedFolder}/${file}`
}
