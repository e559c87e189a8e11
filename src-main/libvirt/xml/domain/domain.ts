import { parseRoot, type Element } from '../document.ts'
import { childNamed } from '../edit.ts'
import { many, one, or, shape, text, whole, type Read, type Reader } from '../read.ts'
import { readBoot } from './boot.ts'
import { readClock } from './clock.ts'
import { readCommandLine, type CommandLine } from './command-line.ts'
import { readCpu } from './cpu.ts'
import { readCpuTuning } from './cpu-tuning.ts'
import { readDevices } from './devices.ts'
import { readFeatures, type Features } from './features.ts'
import { readLaunchSecurity } from './launch-security.ts'
import { readLifecycle } from './lifecycle.ts'
import { readMemory } from './memory.ts'
import { readMemoryBacking } from './memory-backing.ts'
import { readMetadata, type Metadata } from './metadata.ts'
import { readNumaTuning } from './numa-tuning.ts'
import { readSecurityLabel } from './security-label.ts'
import { readVcpus } from './vcpus.ts'

/** Reads a child that may be missing as if it were there and empty, so that every domain has one. */
function orEmpty<T>(name: string, read: Reader<T>): Reader<T> {
  return (domain) => read(childNamed(domain, name) ?? emptyElement(domain, name))
}

function emptyElement(domain: Element, name: string): Element {
  const document = domain.ownerDocument
  if (!document) return domain
  return document.createElementNS(null, name)
}

/** A `<domain>` element, as DomainGetXMLDesc answers. https://libvirt.org/formatdomain.html */
const readDomainElement = shape({
  /** `kvm`, `qemu`, `test`, ... */
  type: or(text('@type'), ''),
  /** Only while it runs. */
  id: whole('@id'),
  name: or(text('name'), ''),
  uuid: (domain) => readUuid(domain).trim().toLowerCase(),
  /** Changes when the guest's time line forks, as after a restored snapshot. */
  generationId: text('genid'),
  title: text('title'),
  description: text('description'),
  metadata: readMetadata as Reader<Metadata>,
  memory: readMemory,
  memoryBacking: one('memoryBacking', readMemoryBacking),
  vcpus: readVcpus,
  iothreads: or(whole('iothreads'), 0),
  cpuTuning: one('cputune', readCpuTuning),
  numaTuning: one('numatune', readNumaTuning),
  boot: orEmpty('os', readBoot),
  features: readFeatures as Reader<Features>,
  cpu: one('cpu', readCpu),
  clock: one('clock', readClock),
  lifecycle: readLifecycle,
  devices: orEmpty('devices', readDevices),
  launchSecurity: one('launchSecurity', readLaunchSecurity),
  securityLabels: many('seclabel', readSecurityLabel),
  commandLine: readCommandLine as Reader<CommandLine | undefined>,
} satisfies Record<string, Reader<unknown>>)
export type Domain = Read<typeof readDomainElement>

const readUuid = or(text('uuid'), '')

/**
 * Everything of a domain's XML that the inventory, the VM page and preflight need. Never holds a password.
 * @throws Failure `xml-invalid`
 */
export function readDomain(xml: string): Domain {
  return readDomainElement(parseRoot(xml, 'domain'))
}
