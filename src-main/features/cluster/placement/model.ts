import type { Priority } from '../../../contract/plan.ts'
import type { VmRef, VmState } from '../../../contract/vm.ts'

/** A host as placement sees it. KiB. */
export interface ModelHost {
  readonly id: string
  readonly name: string
  readonly memoryKiB: number
  /** Of that, what its VMs may take together: the host itself and what else runs there needs the rest. */
  readonly capacityKiB: number
  readonly cpus: number
  readonly tags: ReadonlySet<string>
  /** Hosts that differ in it cannot exchange VMs: architecture and hypervisor. */
  readonly kind: string
  /** Why it takes no VM; null where it may. */
  readonly excluded: string | null
  readonly isInMaintenance: boolean
}

/** A VM as placement sees it. */
export interface ModelVm {
  readonly uuid: string
  readonly ref: VmRef
  readonly name: string
  readonly host: string
  readonly state: VmState
  /** Takes memory and CPU: it is not off. */
  readonly isActive: boolean
  readonly memoryKiB: number
  readonly vcpus: number
  /** Cores that it keeps busy. */
  readonly cpu: number
  readonly tags: ReadonlySet<string>
  readonly priority: Priority
}

/** Hosts and VMs at one moment, with the rules that hold for them. */
export interface Model {
  readonly hosts: readonly ModelHost[]
  readonly vms: readonly ModelVm[]
  readonly rules: RuleBook
  /** What both hosts have said already: why this VM (uuid) cannot go to that host, in a sentence; undefined where nothing is known against it. */
  readonly refused?: (uuid: string, host: string) => string | undefined
}

export interface RuleBook {
  /** For each VM (uuid) the groups that must not share a host with each other's members. */
  apart(uuid: string): readonly RuleGroup[]
  /** Members that must be where this one is, by rule. */
  together(uuid: string): readonly RuleGroup[]
  /** Tags that its host must carry, with the rule's name. */
  tags(uuid: string): readonly { readonly tag: string; readonly rule: string }[]
}

export interface RuleGroup {
  readonly id: string
  readonly name: string
  readonly members: ReadonlySet<string>
}
