import { parseRoot, type Element } from '../document.ts'
import { childNamed, childrenNamed, childrenOf } from '../edit.ts'
import { many, one, or, shape, text, whole, yes, type Read, type Reader } from '../read.ts'
import { parseMachineType } from '../machine-type.ts'
import { readCpuModes, type CpuModes } from './domain-cpu-modes.ts'

/** One thing that a host may support, with the values it offers per enumeration: `disk` → `bus` → `virtio`, `scsi`. */
export interface Support {
  readonly isSupported: boolean
  readonly values: Readonly<Record<string, readonly string[]>>
}

function readSupport(element: Element): Support {
  const values = childrenNamed(element, 'enum').map((each) => [
    each.getAttribute('name') ?? '',
    childrenNamed(each, 'value').map((value) => value.textContent?.trim() ?? ''),
  ])
  return { isSupported: element.getAttribute('supported') === 'yes', values: Object.fromEntries(values) as Support['values'] }
}

function readSupports(parent: Element): Readonly<Record<string, Support>> {
  return Object.fromEntries(childrenOf(parent).map((child) => [child.nodeName, readSupport(child)]))
}

const readSev = shape({
  isSupported: (sev) => readSupported(sev) ?? false,
  cBitPosition: whole('cbitpos'),
  reducedPhysBits: whole('reducedPhysBits'),
  maxGuests: whole('maxGuests'),
  maxEncryptedStateGuests: whole('maxESGuests'),
} satisfies Record<string, Reader<unknown>>)

const readSupported = yes('@supported')

const readDomainCapabilitiesElement = shape({
  emulator: text('path'),
  /** `kvm` or `qemu`. */
  domainType: or(text('domain'), ''),
  architecture: or(text('arch'), ''),
  /** The machine that was asked about, aliases resolved. */
  machine: (element) => parseMachineType((readMachine(element) ?? '').trim()),
  maxVcpus: whole('vcpu/@max'),
  hasIothreads: (element) => readIothreads(element) ?? false,
  /** Firmware that libvirt chooses by itself: `bios`, `efi`. */
  firmware: (element): readonly string[] => readOs(element)?.values['firmware'] ?? [],
  /** Loader files that the host has. */
  loaders: many('os/loader/value', text('.')),
  loader: one('os/loader', readSupport),
  cpu: (element): CpuModes => readCpuModes(childNamed(element, 'cpu') ?? element),
  memoryBacking: one('memoryBacking', readSupport),
  devices: (element): Readonly<Record<string, Support>> => readSupports(childNamed(element, 'devices') ?? element),
  features: (element): Readonly<Record<string, Support>> => readSupports(childNamed(element, 'features') ?? element),
  sev: one('features/sev', readSev),
} satisfies Record<string, Reader<unknown>>)
export type DomainCapabilities = Read<typeof readDomainCapabilitiesElement>

const readMachine = text('machine')
const readIothreads = yes('iothreads/@supported')
const readOs = one('os', readSupport)

/**
 * What ConnectGetDomainCapabilities answers for one emulator, machine and domain type. https://libvirt.org/formatdomaincaps.html
 * @throws Failure `xml-invalid`
 */
export function readDomainCapabilities(xml: string): DomainCapabilities {
  return readDomainCapabilitiesElement(parseRoot(xml, 'domainCapabilities'))
}
