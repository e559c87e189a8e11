import type { DemoFault } from '../../../src-main/contract/demo.ts'

/** Mbit/s of a cable that was made slow. */
export const slowMbps = 100

export type HostFaultKind = Exclude<DemoFault['kind'], 'hot-vm'>

/** Faults of a host, in the order in which they are offered. */
export const hostFaults: readonly { readonly kind: HostFaultKind; readonly word: string; readonly effect: string }[] = [
  { kind: 'slow-link', word: 'Slow link', effect: `Its cable carries ${slowMbps} Mbit/s.` },
  { kind: 'cut-link', word: 'Cut link', effect: 'Nothing passes between it and the other hosts; Drover still reaches it.' },
  { kind: 'cpu-mismatch', word: 'Older CPU', effect: 'It lacks features that running VMs have seen.' },
  { kind: 'host-crash', word: 'Crash', effect: 'The machine is gone, with all that runs on it. Ending the fault boots it.' },
]

export function hostFault(kind: HostFaultKind, host: string): DemoFault {
  return kind === 'slow-link' ? { kind, host, mbps: slowMbps } : { kind, host }
}

/** What is wrong, in the banner; `name` is the host's or the VM's. */
export function faultWords(fault: DemoFault, name: string): string {
  switch (fault.kind) {
    case 'slow-link':
      return `${name}: ${fault.mbps} Mbit/s`
    case 'cut-link':
      return `${name}: link cut`
    case 'cpu-mismatch':
      return `${name}: older CPU`
    case 'host-crash':
      return `${name}: crashed`
    case 'hot-vm':
      return `${name}: hot`
  }
}
