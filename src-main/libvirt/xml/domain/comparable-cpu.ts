import { parseRoot, serialise } from '../document.ts'
import { childNamed, childrenNamed, remove } from '../edit.ts'

/**
 * Whether a domain's CPU can be asked about with ConnectCompareHypervisorCPU, and the XML to ask with.
 * `host`: the guest sees whatever the host has (host-passthrough or maximum), so only equal hosts will do.
 * `unexpanded`: host-model of a domain that is off; it becomes the host's at the next start.
 * `default`: no CPU named; QEMU's own default for the machine type.
 */
export type ComparableCpu =
  | { readonly kind: 'named'; readonly xml: string }
  | { readonly kind: 'host'; readonly mode: 'host-passthrough' | 'maximum'; readonly isMigratable: boolean | undefined }
  | { readonly kind: 'unexpanded' }
  | { readonly kind: 'default' }

/**
 * The CPU of a domain, best of a running one: libvirt expands host-model there, and lists exactly the features that the guest sees.
 * NUMA cells, topology and cache belong to the guest's layout and are not compared.
 * @throws Failure `xml-invalid`
 */
export function comparableCpu(domainXml: string): ComparableCpu {
  const cpu = childNamed(parseRoot(domainXml, 'domain'), 'cpu')
  if (!cpu) return { kind: 'default' }
  const mode = cpu.getAttribute('mode') ?? 'custom'
  if (mode === 'host-passthrough' || mode === 'maximum') {
    const migratable = cpu.getAttribute('migratable')
    return { kind: 'host', mode, isMigratable: migratable === null ? undefined : migratable === 'on' }
  }
  if (!childNamed(cpu, 'model')) return { kind: mode === 'host-model' ? 'unexpanded' : 'default' }
  for (const name of ['numa', 'topology', 'cache', 'maxphysaddr']) for (const element of childrenNamed(cpu, name)) remove(element)
  return { kind: 'named', xml: serialise(cpu) }
}
