/** One cable, the same in each direction. */
export interface LinkDescription {
  /** Of the wire, Mbit/s; what Ethernet and TCP leave of it is reckoned. */
  readonly mbps: number
  /** One way, milliseconds; default 0.1. */
  readonly latencyMs?: number | undefined
  /** Percent of packets, 0 to 100; default 0. */
  readonly lossPercent?: number | undefined
}

/**
 * What a host's machine and software cost a move: QEMU's and libvirt's own work, which no link can hide. Defaults are those of a server with KVM;
 * a lab that is to repeat measurements of other hosts gives its own (the lab in a box runs its guests in software).
 */
export interface HostCosts {
  /** Microseconds of one CPU for a page of 4 KiB with content, sending and receiving each. */
  readonly pageUs: number
  /** Microseconds of one CPU to look at a page and find only zeros. */
  readonly zeroPageUs: number
  /** Milliseconds that Begin, Prepare (a QEMU is started), the setup of Perform, Finish and Confirm (a QEMU is ended) take. */
  readonly beginMs: number
  readonly prepareMs: number
  readonly setupMs: number
  readonly finishMs: number
  readonly confirmMs: number
  /** Milliseconds from the guest's last instruction to its device state on the wire, without the rest of its memory. */
  readonly stopMs: number
  /** Milliseconds from the last byte until the guest may run at the destination. */
  readonly loadMs: number
  /** Bytes of device state. */
  readonly deviceBytes: number
  /** Milliseconds that a missing page of post-copy costs beyond the network's round trip. */
  readonly faultMs: number
  /** Of a disk that is copied: bytes a second that it is read or written at most, and milliseconds until both ends are ready. */
  readonly diskBytesPerSecond: number
  readonly diskSetupMs: number
}

export interface PoolDescription {
  readonly name: string
  /** Absolute path on the host. */
  readonly path: string
  readonly capacityGiB: number
  /** The same name on several hosts is the same storage: a disk in it need not be copied. */
  readonly shared?: string | undefined
}

export interface HostDescription {
  /** Its name in addresses (`twin://LAB/ID`) and its hostname: letters, digits, `-` and `.`. */
  readonly id: string
  readonly rack?: string | undefined
  readonly cpus: number
  readonly memoryMiB: number
  /** libvirt's name, such as `EPYC-Milan`; default `Skylake-Server-IBRS`. */
  readonly cpuModel?: string | undefined
  readonly cpuMhz?: number | undefined
  /** `9.0.0` and `7.2.0` unless given. */
  readonly libvirtVersion?: string | undefined
  readonly qemuVersion?: string | undefined
  readonly link: LinkDescription
  /** Default: one of 500 GiB named `default`. */
  readonly pools?: readonly PoolDescription[] | undefined
  readonly costs?: Partial<HostCosts> | undefined
}

export interface RackDescription {
  readonly id: string
  /** To the switch that joins the racks. */
  readonly uplink: LinkDescription
}

/**
 * How a guest writes to its memory. The named kinds have rates of their own (see `process.ts`); `fixed` writes `mibPerSecond` of pages, `random` over the
 * working set or in a `sweep` from its start to its end, over and over.
 */
export type ProcessDescription =
  | { readonly kind: 'idle' | 'web' | 'database' | 'compile' | 'boot-storm' }
  | { readonly kind: 'fixed'; readonly mibPerSecond: number; readonly pattern?: 'random' | 'sweep' | undefined }

export interface DiskDescription {
  /** Name of a pool of the host. */
  readonly pool: string
  readonly sizeGiB: number
  /** What of it has content; default a third. */
  readonly usedGiB?: number | undefined
  readonly format?: 'raw' | 'qcow2' | undefined
}

export interface VmDescription {
  readonly name: string
  /** Id of the host. */
  readonly host: string
  /** Default: derived from lab and name, so that it stays the same. */
  readonly uuid?: string | undefined
  readonly title?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly memoryMiB: number
  /** What of it has content; default two thirds. */
  readonly usedMiB?: number | undefined
  /** What it writes to again and again; default by its process. */
  readonly workingSetMiB?: number | undefined
  readonly vcpus: number
  readonly process: ProcessDescription
  /** Averages; each default by its process. Percent of all its vCPUs, KiB per second. */
  readonly cpuPercent?: number | undefined
  readonly networkKiBps?: number | undefined
  readonly diskKiBps?: number | undefined
  readonly disks?: readonly DiskDescription[] | undefined
  /** Default `host-model`: any CPU of the lab that has the same features. `host-passthrough` is the source's CPU as it is. */
  readonly cpu?: 'host-model' | 'host-passthrough' | 'qemu64' | undefined
  /** Default `running`. */
  readonly state?: 'running' | 'paused' | 'off' | undefined
  readonly autostart?: boolean | undefined
  /** Default true. */
  readonly persistent?: boolean | undefined
  /** Default `vnc`. */
  readonly display?: 'vnc' | 'none' | undefined
  /** Names of snapshots that it has; libvirt moves no VM that has any. */
  readonly snapshots?: readonly string[] | undefined
  /** A serial console that prints; default false: it is there and silent. */
  readonly talks?: boolean | undefined
}

/** A lab of simulated hosts. Names are unique among hosts and among VMs. */
export interface LabDescription {
  /** In addresses: letters, digits and `-`. */
  readonly name: string
  readonly title: string
  readonly description?: string | undefined
  readonly seed?: number | undefined
  readonly racks?: readonly RackDescription[] | undefined
  readonly hosts: readonly HostDescription[]
  readonly vms: readonly VmDescription[]
}
