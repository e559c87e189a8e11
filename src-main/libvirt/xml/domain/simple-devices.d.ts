import { type Read } from '../read.ts';
/** Devices of a few attributes, which move without questions. https://libvirt.org/formatdomain.html#devices */
export declare const readWatchdog: import("../read.ts").Reader<{
    readonly model: string;
    readonly action: string | undefined;
}>;
export type Watchdog = Read<typeof readWatchdog>;
export declare const readPanic: import("../read.ts").Reader<{
    readonly model: string;
}>;
export type Panic = Read<typeof readPanic>;
/** `source` is a device of the host (evdev, passthrough), and then ties the guest to it. */
export declare const readInput: import("../read.ts").Reader<{
    readonly type: string;
    readonly bus: string | undefined;
    readonly model: string | undefined;
    readonly source: string | undefined;
}>;
export type Input = Read<typeof readInput>;
export declare const readVideo: import("../read.ts").Reader<{
    readonly model: string;
    readonly heads: number | undefined;
    readonly memory: number | undefined;
    readonly has3d: boolean | undefined;
    readonly isPrimary: boolean | undefined;
}>;
export type Video = Read<typeof readVideo>;
export declare const readSound: import("../read.ts").Reader<{
    readonly model: string;
    readonly alias: string | undefined;
}>;
export type Sound = Read<typeof readSound>;
export declare const readBalloon: import("../read.ts").Reader<{
    readonly model: string;
    readonly hasAutodeflate: boolean | undefined;
    readonly hasFreePageReporting: boolean | undefined;
}>;
export type Balloon = Read<typeof readBalloon>;
export declare const readIommu: import("../read.ts").Reader<{
    readonly model: string;
}>;
export type Iommu = Read<typeof readIommu>;
export declare const readSmartcard: import("../read.ts").Reader<{
    readonly mode: string;
}>;
export type Smartcard = Read<typeof readSmartcard>;
/** A lock held with a lock manager. */
export declare const readLease: import("../read.ts").Reader<{
    readonly lockspace: string | undefined;
    readonly key: string | undefined;
    readonly path: string | undefined;
}>;
export type Lease = Read<typeof readLease>;
