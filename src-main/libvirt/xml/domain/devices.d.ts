import { type Read, type Reader } from '../read.ts';
/** `<devices>`. https://libvirt.org/formatdomain.html#devices */
export declare const readDevices: Reader<{
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
}>;
export type Devices = Read<typeof readDevices>;
