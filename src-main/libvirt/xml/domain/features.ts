import { childNamed, childrenOf } from '../edit.ts'
import type { Element } from '../document.ts'

/** `<features>`. https://libvirt.org/formatdomain.html#hypervisor-features */
export interface Features {
  /** Names of all that are on, in order: `acpi`, `apic`, `hyperv.relaxed`, `kvm.hidden`, `smm`, ... */
  readonly enabled: readonly string[]
  /** Hyper-V enlightenments: `custom` lists them, `passthrough` takes what the host has and so ties the guest to it. */
  readonly hypervMode: 'custom' | 'passthrough' | undefined
  readonly hasAcpi: boolean
  readonly hasSmm: boolean
}

const GROUPS: ReadonlySet<string> = new Set(['hyperv', 'kvm', 'xen'])

function isOn(feature: Element): boolean {
  return !/^(off|no)$/.test(feature.getAttribute('state') ?? 'on')
}

export function readFeatures(domain: Element): Features {
  const features = childNamed(domain, 'features')
  const listed = features ? childrenOf(features) : []
  const enabled = listed.filter(isOn).flatMap((feature) => {
    const name = feature.nodeName
    return GROUPS.has(name)
      ? childrenOf(feature)
          .filter(isOn)
          .map((inner) => `${name}.${inner.nodeName}`)
      : [name]
  })
  const hyperv = listed.find((feature) => feature.nodeName === 'hyperv')
  return {
    enabled,
    hypervMode: hyperv && (hyperv.getAttribute('mode') === 'passthrough' ? 'passthrough' : 'custom'),
    hasAcpi: enabled.includes('acpi'),
    hasSmm: enabled.includes('smm'),
  }
}
