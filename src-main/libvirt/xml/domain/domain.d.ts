import { type Read, type Reader } from '../read.ts';
import { type CommandLine } from './command-line.ts';
import { type Features } from './features.ts';
import { type Metadata } from './metadata.ts';
/** A `<domain>` element, as DomainGetXMLDesc answers. https://libvirt.org/formatdomain.html */
export declare const readDomainElement: Reader<{
    readonly type: string;
    readonly id: number | undefined;
    readonly name: string;
    readonly uuid: string;
    readonly generationId: string | undefined;
    readonly title: string | undefined;
    readonly description: string | undefined;
    readonly metadata: Metadata;
    readonly memory: {
        readonly size: number;
        readonly current: number | undefined;
        readonly most: number | undefined;
        readonly slots: number | undefined;
    };
    readonly memoryBacking: {
        readonly hasHugePages: boolean;
        readonly hugePages: readonly {
            readonly size: number | undefined;
            readonly nodeset: string | undefined;
        }[];
        readonly isSamePageMergingOff: boolean;
        readonly isLocked: boolean;
        readonly source: "other" | "file" | "anonymous" | "memfd" | undefined;
        readonly access: "other" | "shared" | "private" | undefined;
        readonly allocation: {
            readonly mode: "other" | "immediate" | "ondemand" | undefined;
            readonly threads: number | undefined;
        } | undefined;
        readonly isDiscarded: boolean;
    } | undefined;
    readonly vcpus: {
        readonly count: number;
        readonly current: number | undefined;
        readonly placement: "other" | "auto" | "static" | undefined;
        readonly cpuset: string | undefined;
        readonly each: readonly {
            readonly id: number;
            readonly isEnabled: boolean | undefined;
            readonly isHotpluggable: boolean | undefined;
        }[];
    };
    readonly iothreads: number;
    readonly cpuTuning: {
        readonly shares: number | undefined;
        readonly period: number | undefined;
        readonly quota: number | undefined;
        readonly vcpuPins: readonly {
            readonly vcpu: number | undefined;
            readonly cpuset: string | undefined;
        }[];
        readonly emulatorPin: string | undefined;
        readonly iothreadPins: readonly {
            readonly iothread: number | undefined;
            readonly cpuset: string | undefined;
        }[];
        readonly schedulers: readonly {
            readonly vcpus: string | undefined;
            readonly scheduler: string | undefined;
            readonly priority: number | undefined;
        }[];
        readonly cacheTunes: readonly string[];
        readonly memoryTunes: readonly string[];
    } | undefined;
    readonly numaTuning: {
        readonly mode: "other" | "strict" | "preferred" | "interleave" | "restrictive" | undefined;
        readonly nodeset: string | undefined;
        readonly placement: "other" | "auto" | "static" | undefined;
        readonly cells: readonly {
            readonly cell: number | undefined;
            readonly mode: "other" | "strict" | "preferred" | "interleave" | "restrictive" | undefined;
            readonly nodeset: string | undefined;
        }[];
    } | undefined;
    readonly boot: {
        readonly type: string;
        readonly architecture: string | undefined;
        readonly machine: import("../machine-type.ts").MachineType | undefined;
        readonly firmware: "other" | "efi" | "bios" | undefined;
        readonly firmwareFeatures: readonly {
            readonly name: string | undefined;
            readonly isEnabled: boolean | undefined;
        }[];
        readonly loader: {
            readonly path: string | undefined;
            readonly isReadOnly: boolean | undefined;
            readonly isSecure: boolean | undefined;
            readonly type: "other" | "rom" | "pflash" | undefined;
            readonly format: string | undefined;
            readonly isStateless: boolean | undefined;
        } | undefined;
        readonly nvram: {
            readonly path: string | undefined;
            readonly template: string | undefined;
            readonly type: string | undefined;
            readonly format: string | undefined;
            readonly source: {
                readonly file: string | undefined;
                readonly device: string | undefined;
                readonly protocol: string | undefined;
                readonly name: string | undefined;
            } | undefined;
        } | undefined;
        readonly kernel: string | undefined;
        readonly initrd: string | undefined;
        readonly commandLine: string | undefined;
        readonly deviceTree: string | undefined;
        readonly devices: readonly string[];
        readonly hasBootMenu: boolean | undefined;
        readonly smbios: "other" | "emulate" | "host" | "sysinfo" | undefined;
    };
    readonly features: Features;
    readonly cpu: {
        readonly mode: "other" | "custom" | "host-model" | "host-passthrough" | "maximum" | undefined;
        readonly match: "other" | "minimum" | "exact" | "strict" | undefined;
        readonly check: "other" | "none" | "partial" | "full" | undefined;
        readonly isMigratable: boolean | undefined;
        readonly model: string | undefined;
        readonly fallback: "other" | "forbid" | "allow" | undefined;
        readonly vendor: string | undefined;
        readonly vendorId: string | undefined;
        readonly features: readonly {
            readonly name: string;
            readonly policy: "other" | "force" | "require" | "optional" | "disable" | "forbid";
        }[];
        readonly topology: {
            readonly sockets: number;
            readonly dies: number;
            readonly clusters: number;
            readonly cores: number;
            readonly threads: number;
        } | undefined;
        readonly numaCells: readonly {
            readonly id: number | undefined;
            readonly cpus: string | undefined;
            readonly memory: number;
            readonly access: "other" | "shared" | "private" | undefined;
            readonly isDiscarded: boolean | undefined;
        }[];
        readonly maxPhysAddr: {
            readonly mode: "other" | "emulate" | "passthrough" | undefined;
            readonly bits: number | undefined;
            readonly limit: number | undefined;
        } | undefined;
        readonly cacheMode: "other" | "emulate" | "disable" | "passthrough" | undefined;
    } | undefined;
    readonly clock: {
        readonly offset: "other" | "timezone" | "utc" | "localtime" | "variable" | "absolute" | undefined;
        readonly timezone: string | undefined;
        readonly basis: "other" | "utc" | "localtime" | undefined;
        readonly timers: readonly {
            readonly name: string;
            readonly isPresent: boolean | undefined;
            readonly tickPolicy: "other" | "delay" | "catchup" | "merge" | "discard" | undefined;
            readonly track: string | undefined;
            readonly frequency: number | undefined;
            readonly mode: "other" | "emulate" | "auto" | "native" | "paravirt" | "smpsafe" | undefined;
        }[];
    } | undefined;
    readonly lifecycle: {
        readonly onPowerOff: string | undefined;
        readonly onReboot: string | undefined;
        readonly onCrash: string | undefined;
        readonly onLockFailure: string | undefined;
        readonly canSuspendToMemory: boolean | undefined;
        readonly canSuspendToDisk: boolean | undefined;
    };
    readonly devices: {
        readonly emulator: string | undefined;
        readonly disks: readonly {
            readonly device: "other" | "disk" | "cdrom" | "floppy" | "lun";
            readonly source: import("./disk-source.ts").DiskSource;
            readonly target: string;
            readonly bus: string;
            readonly driver: {
                readonly name: string | undefined;
                readonly type: string | undefined;
                readonly cache: "other" | "none" | "default" | "writethrough" | "writeback" | "directsync" | "unsafe";
                readonly io: "other" | "native" | "threads" | "io_uring" | undefined;
                readonly discard: "other" | "unmap" | "ignore" | undefined;
                readonly detectZeroes: string | undefined;
                readonly errorPolicy: string | undefined;
                readonly queues: number | undefined;
                readonly iothread: number | undefined;
            } | undefined;
            readonly isReadOnly: boolean;
            readonly isShareable: boolean;
            readonly isTransient: boolean;
            readonly serial: string | undefined;
            readonly wwn: string | undefined;
            readonly backingChain: readonly import("./disk.ts").BackingLayer[];
            readonly mirror: {
                readonly job: string | undefined;
                readonly isReady: boolean | undefined;
                readonly source: import("./disk-source.ts").DiskSource;
            } | undefined;
            readonly encryption: {
                readonly format: string;
                readonly engine: string | undefined;
                readonly secretUuid: string | undefined;
                readonly secretUsage: string | undefined;
            } | undefined;
            readonly startupPolicy: "other" | "optional" | "mandatory" | "requisite" | undefined;
            readonly hasReservations: boolean;
            readonly bootOrder: number | undefined;
            readonly snapshot: string | undefined;
            readonly hasTrayOpen: boolean | undefined;
            readonly alias: string | undefined;
        }[];
        readonly controllers: readonly {
            readonly type: string;
            readonly index: number;
            readonly model: string | undefined;
            readonly ports: number | undefined;
            readonly queues: number | undefined;
            readonly iothread: number | undefined;
            readonly alias: string | undefined;
        }[];
        readonly interfaces: readonly {
            readonly source: import("./interface.ts").InterfaceSource;
            readonly mac: string;
            readonly model: string | undefined;
            readonly target: string | undefined;
            readonly isLinkUp: boolean;
            readonly driver: string | undefined;
            readonly queues: number | undefined;
            readonly virtualPort: {
                readonly type: string | undefined;
                readonly profileId: string | undefined;
                readonly interfaceId: string | undefined;
            } | undefined;
            readonly vlans: readonly number[];
            readonly mtu: number | undefined;
            readonly filter: string | undefined;
            readonly teaming: "other" | "transient" | "persistent" | undefined;
            readonly teamingPartner: string | undefined;
            readonly isTrusted: boolean | undefined;
            readonly bootOrder: number | undefined;
            readonly alias: string | undefined;
        }[];
        readonly hostDevices: readonly {
            readonly source: import("./host-device.ts").HostDeviceSource;
            readonly isManaged: boolean;
            readonly startupPolicy: "other" | "optional" | "mandatory" | "requisite" | undefined;
            readonly teaming: "other" | "transient" | "persistent" | undefined;
            readonly driver: string | undefined;
            readonly hasRom: boolean;
            readonly bootOrder: number | undefined;
            readonly alias: string | undefined;
        }[];
        readonly redirectedDevices: readonly {
            readonly bus: string;
            readonly type: string;
            readonly alias: string | undefined;
        }[];
        readonly filesystems: readonly {
            readonly type: string;
            readonly driver: "other" | "path" | "handle" | "virtiofs" | "mtp";
            readonly accessMode: string | undefined;
            readonly source: string | undefined;
            readonly socket: string | undefined;
            readonly target: string;
            readonly isReadOnly: boolean;
            readonly binary: string | undefined;
            readonly queueSize: number | undefined;
            readonly alias: string | undefined;
        }[];
        readonly graphics: readonly {
            readonly type: "other" | "dbus" | "vnc" | "spice" | "rdp" | "sdl" | "egl-headless" | "desktop";
            readonly port: number | undefined;
            readonly tlsPort: number | undefined;
            readonly websocket: number | undefined;
            readonly isAutomaticPort: boolean | undefined;
            readonly hasPassword: boolean;
            readonly passwordValidTo: string | undefined;
            readonly listens: readonly import("./graphics.ts").GraphicsListen[];
            readonly keymap: string | undefined;
            readonly hasOpenGl: boolean | undefined;
        }[];
        readonly serials: readonly {
            readonly type: "other" | "file" | "pty" | "unix" | "tcp" | "udp" | "pipe" | "dev" | "null" | "stdio" | "vc" | "spicevmc" | "spiceport" | "nmdm" | "qemu-vdagent" | "dbus";
            readonly path: string | undefined;
            readonly mode: "other" | "bind" | "connect" | undefined;
            readonly host: string | undefined;
            readonly service: string | undefined;
            readonly targetType: string | undefined;
            readonly targetName: string | undefined;
            readonly targetPort: number | undefined;
            readonly state: "other" | "connected" | "disconnected" | undefined;
            readonly logFile: string | undefined;
            readonly hasTls: boolean;
            readonly alias: string | undefined;
        }[];
        readonly parallels: readonly {
            readonly type: "other" | "file" | "pty" | "unix" | "tcp" | "udp" | "pipe" | "dev" | "null" | "stdio" | "vc" | "spicevmc" | "spiceport" | "nmdm" | "qemu-vdagent" | "dbus";
            readonly path: string | undefined;
            readonly mode: "other" | "bind" | "connect" | undefined;
            readonly host: string | undefined;
            readonly service: string | undefined;
            readonly targetType: string | undefined;
            readonly targetName: string | undefined;
            readonly targetPort: number | undefined;
            readonly state: "other" | "connected" | "disconnected" | undefined;
            readonly logFile: string | undefined;
            readonly hasTls: boolean;
            readonly alias: string | undefined;
        }[];
        readonly consoles: readonly {
            readonly type: "other" | "file" | "pty" | "unix" | "tcp" | "udp" | "pipe" | "dev" | "null" | "stdio" | "vc" | "spicevmc" | "spiceport" | "nmdm" | "qemu-vdagent" | "dbus";
            readonly path: string | undefined;
            readonly mode: "other" | "bind" | "connect" | undefined;
            readonly host: string | undefined;
            readonly service: string | undefined;
            readonly targetType: string | undefined;
            readonly targetName: string | undefined;
            readonly targetPort: number | undefined;
            readonly state: "other" | "connected" | "disconnected" | undefined;
            readonly logFile: string | undefined;
            readonly hasTls: boolean;
            readonly alias: string | undefined;
        }[];
        readonly channels: readonly {
            readonly type: "other" | "file" | "pty" | "unix" | "tcp" | "udp" | "pipe" | "dev" | "null" | "stdio" | "vc" | "spicevmc" | "spiceport" | "nmdm" | "qemu-vdagent" | "dbus";
            readonly path: string | undefined;
            readonly mode: "other" | "bind" | "connect" | undefined;
            readonly host: string | undefined;
            readonly service: string | undefined;
            readonly targetType: string | undefined;
            readonly targetName: string | undefined;
            readonly targetPort: number | undefined;
            readonly state: "other" | "connected" | "disconnected" | undefined;
            readonly logFile: string | undefined;
            readonly hasTls: boolean;
            readonly alias: string | undefined;
        }[];
        readonly tpms: readonly {
            readonly model: string | undefined;
            readonly backend: "other" | "passthrough" | "emulator" | "external";
            readonly version: string | undefined;
            readonly isStatePersistent: boolean | undefined;
            readonly hasEncryption: boolean;
            readonly secretUuid: string | undefined;
            readonly device: string | undefined;
            readonly statePath: string | undefined;
            readonly alias: string | undefined;
        }[];
        readonly sharedMemories: readonly {
            readonly name: string;
            readonly role: "other" | "master" | "peer" | undefined;
            readonly model: string | undefined;
            readonly size: number | undefined;
            readonly server: string | undefined;
        }[];
        readonly memories: readonly {
            readonly model: "other" | "dimm" | "nvdimm" | "virtio-mem" | "virtio-pmem" | "sgx-epc";
            readonly access: "other" | "shared" | "private" | undefined;
            readonly size: number;
            readonly node: number | undefined;
            readonly blockSize: number | undefined;
            readonly requestedSize: number | undefined;
            readonly currentSize: number | undefined;
            readonly labelSize: number | undefined;
            readonly path: string | undefined;
            readonly isPersistent: boolean;
            readonly pageSize: number | undefined;
            readonly nodeset: string | undefined;
            readonly alias: string | undefined;
        }[];
        readonly vsock: {
            readonly model: string | undefined;
            readonly address: number | undefined;
            readonly isAutomatic: boolean | undefined;
        } | undefined;
        readonly randomGenerators: readonly {
            readonly model: string | undefined;
            readonly backend: "other" | "random" | "egd" | "builtin";
            readonly device: string | undefined;
        }[];
        readonly watchdogs: readonly {
            readonly model: string;
            readonly action: string | undefined;
        }[];
        readonly panics: readonly {
            readonly model: string;
        }[];
        readonly inputs: readonly {
            readonly type: string;
            readonly bus: string | undefined;
            readonly model: string | undefined;
            readonly source: string | undefined;
        }[];
        readonly videos: readonly {
            readonly model: string;
            readonly heads: number | undefined;
            readonly memory: number | undefined;
            readonly has3d: boolean | undefined;
            readonly isPrimary: boolean | undefined;
        }[];
        readonly sounds: readonly {
            readonly model: string;
            readonly alias: string | undefined;
        }[];
        readonly balloon: {
            readonly model: string;
            readonly hasAutodeflate: boolean | undefined;
            readonly hasFreePageReporting: boolean | undefined;
        } | undefined;
        readonly iommu: {
            readonly model: string;
        } | undefined;
        readonly smartcards: readonly {
            readonly mode: string;
        }[];
        readonly leases: readonly {
            readonly lockspace: string | undefined;
            readonly key: string | undefined;
            readonly path: string | undefined;
        }[];
        readonly others: readonly string[];
    };
    readonly launchSecurity: {
        readonly type: "other" | "sev" | "sev-snp" | "tdx" | "s390-pv";
        readonly policy: number | undefined;
        readonly cBitPosition: number | undefined;
        readonly reducedPhysBits: number | undefined;
        readonly hasKernelHashes: boolean | undefined;
        readonly quoteGenerationService: string | undefined;
    } | undefined;
    readonly securityLabels: readonly {
        readonly type: "other" | "none" | "static" | "dynamic";
        readonly model: string | undefined;
        readonly isRelabelled: boolean | undefined;
        readonly label: string | undefined;
        readonly baseLabel: string | undefined;
    }[];
    readonly commandLine: CommandLine | undefined;
}>;
export type Domain = Read<typeof readDomainElement>;
/**
 * Everything of a domain's XML that the inventory, the VM page and preflight need. Never holds a password.
 * @throws Failure `xml-invalid`
 */
export declare function readDomain(xml: string): Domain;
