import type { VmRef, VmView } from '../../contract/vm.ts'
import { readDomain } from '../../libvirt/xml/domain/domain.ts'

/** What a VM's definition adds to its state: read when it appears and when it was defined anew. */
export interface Definition {
  readonly title: string | null
  readonly tags: readonly string[]
  readonly hasSerial: boolean
  readonly hasVnc: boolean
  readonly hasSpice: boolean
  readonly memoryKiB: number
  readonly vcpus: number
}

/** A definition that cannot be read does not hide the VM: it is shown with what libvirt says of it otherwise. */
export function definitionOf(xml: string): Definition | null {
  try {
    const domain = readDomain(xml)
    return {
      title: domain.title ?? null,
      tags: domain.metadata.tags,
      hasSerial: domain.devices.consoles.length > 0 || domain.devices.serials.length > 0,
      hasVnc: domain.devices.graphics.some(({ type }) => type === 'vnc'),
      hasSpice: domain.devices.graphics.some(({ type }) => type === 'spice'),
      memoryKiB: domain.memory.current ?? domain.memory.size,
      vcpus: domain.vcpus.current ?? domain.vcpus.count,
    }
  } catch {
    return null
  }
}

/** The parts of a view that libvirt's lists and events give. */
export interface Standing {
  readonly ref: VmRef
  readonly n: number
  readonly name: string
  readonly state: VmView['state']
  readonly reason: string
  readonly isPersistent: boolean
  readonly hasAutostart: boolean
  readonly hasManagedSave: boolean
  readonly job: string | null
}

export function viewOf(standing: Standing, definition: Definition | null): VmView {
  return {
    ...standing,
    title: definition?.title ?? null,
    tags: [...(definition?.tags ?? [])],
    vcpus: definition?.vcpus ?? 0,
    memoryKiB: definition?.memoryKiB ?? 0,
    console: { hasSerial: definition?.hasSerial ?? false, hasVnc: definition?.hasVnc ?? false, hasSpice: definition?.hasSpice ?? false },
  }
}
