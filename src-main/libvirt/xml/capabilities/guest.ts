import { many, mapped, or, shape, text, whole, type Read } from '../read.ts'
import { parseMachineType } from '../machine-type.ts'

const readMachine = shape({
  machine: or(
    mapped(text('.'), (name) => parseMachineType(name.trim())),
    parseMachineType(''),
  ),
  /** What an alias stands for on this host. */
  canonical: mapped(text('@canonical'), parseMachineType),
  maxCpus: whole('@maxCpus'),
})
export type SupportedMachine = Read<typeof readMachine>

/** A kind of guest that the host can run, `<guest>`: one per architecture and system type. https://libvirt.org/formatcaps.html */
export const readGuestSupport = shape({
  osType: or(text('os_type'), ''),
  architecture: or(text('arch/@name'), ''),
  emulator: text('arch/emulator'),
  machines: many('arch/machine', readMachine),
  /** `kvm`, `qemu`, with machines of their own where these differ. */
  domainTypes: many(
    'arch/domain',
    shape({ type: or(text('@type'), ''), emulator: text('emulator'), machines: many('machine', readMachine) }),
  ),
})
export type GuestSupport = Read<typeof readGuestSupport>
