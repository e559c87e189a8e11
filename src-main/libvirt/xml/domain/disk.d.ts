import type { Element } from '../document.ts';
import { type Read, type Reader } from '../read.ts';
import { type DiskSource } from './disk-source.ts';
/** `<encryption>`: the secret itself stays in libvirt's secret store, which the next host must have too. */
declare const readEncryption: Reader<{
    readonly format: string;
    readonly engine: string | undefined;
    readonly secretUuid: string | undefined;
    readonly secretUsage: string | undefined;
}>;
export type DiskEncryption = Read<typeof readEncryption>;
export interface BackingLayer {
    readonly source: DiskSource;
    readonly format: string | undefined;
    readonly encryption: DiskEncryption | undefined;
}
/** The layers below the image, nearest first. Empty both where there is none and where libvirt was not asked to look (an inactive domain). */
export declare function readBackingChain(disk: Element): readonly BackingLayer[];
/** `<disk>`. https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms */
export declare const readDisk: Reader<{
    readonly device: "other" | "disk" | "cdrom" | "floppy" | "lun";
    readonly source: DiskSource;
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
    readonly backingChain: readonly BackingLayer[];
    readonly mirror: {
        readonly job: string | undefined;
        readonly isReady: boolean | undefined;
        readonly source: DiskSource;
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
}>;
export type Disk = Read<typeof readDisk>;
export {};
