import { many, mapped, one, or, shape, text, word, yes, type Read } from '../read.ts'
import { parseMachineType } from '../machine-type.ts'
import { hideKernelArguments } from './secret-arguments.ts'

const LOADER = shape({
  path: mapped(text('.'), (path) => path.trim() || undefined),
  isReadOnly: yes('@readonly'),
  isSecure: yes('@secure'),
  type: word('@type', ['rom', 'pflash']),
  format: text('@format'),
  isStateless: yes('@stateless'),
})

const NVRAM = shape({
  /** The guest's own variables on this host. Undefined where libvirt is still to choose it, or where `source` says so. */
  path: mapped(text('.'), (path) => path.trim() || undefined),
  template: text('@template'),
  type: text('@type'),
  format: text('@format'),
  source: one('source', shape({ file: text('@file'), device: text('@dev'), protocol: text('@protocol'), name: text('@name') })),
})

/** `<os>`. https://libvirt.org/formatdomain.html#operating-system-booting */
export const readBoot = shape({
  type: or(text('type'), ''),
  architecture: text('type/@arch'),
  machine: mapped(text('type/@machine'), parseMachineType),
  /** `efi` or `bios` where libvirt chooses the firmware by itself. */
  firmware: word('@firmware', ['efi', 'bios']),
  firmwareFeatures: many('firmware/feature', shape({ name: text('@name'), isEnabled: yes('@enabled') })),
  loader: one('loader', LOADER),
  nvram: one('nvram', NVRAM),
  /** Files of the host, for direct kernel boot. */
  kernel: text('kernel'),
  initrd: text('initrd'),
  /** Without the values of arguments that are called secret. */
  commandLine: mapped(text('cmdline'), hideKernelArguments),
  deviceTree: text('dtb'),
  devices: many('boot', text('@dev')),
  hasBootMenu: yes('bootmenu/@enable'),
  smbios: word('smbios/@mode', ['emulate', 'host', 'sysinfo']),
})
export type Boot = Read<typeof readBoot>

/** How the guest's firmware is chosen and kept: `bios`, or UEFI with or without a file of variables. */
export function firmwareOf(boot: Boot): 'bios' | 'uefi' {
  return boot.firmware === 'efi' || boot.nvram !== undefined || boot.loader?.type === 'pflash' ? 'uefi' : 'bios'
}
