import { parseRoot, type Element } from '../document.ts'
import { childNamed, childrenNamed } from '../edit.ts'

/** The named entries below `<bios>`, `<system>`, ... */
function entriesOf(sysinfo: Element, section: string): Readonly<Record<string, string>> {
  const element = childNamed(sysinfo, section)
  const entries = element ? childrenNamed(element, 'entry') : []
  return Object.fromEntries(entries.map((entry) => [entry.getAttribute('name') ?? '', entry.textContent?.trim() ?? '']))
}

/** What ConnectGetSysinfo answers: the host's firmware tables. https://libvirt.org/formatdomain.html#smbios-system-information */
export interface SystemInformation {
  /** `vendor`, `version`, `date`. */
  readonly bios: Readonly<Record<string, string>>
  /** `manufacturer`, `product`, `serial`, `uuid`, `family`. */
  readonly system: Readonly<Record<string, string>>
  readonly processorCount: number
  readonly memoryModuleCount: number
}

/** @throws Failure `xml-invalid` */
export function readSystemInformation(xml: string): SystemInformation {
  const root = parseRoot(xml, 'sysinfo')
  return {
    bios: entriesOf(root, 'bios'),
    system: entriesOf(root, 'system'),
    processorCount: childrenNamed(root, 'processor').length,
    memoryModuleCount: childrenNamed(root, 'memory_device').length,
  }
}
