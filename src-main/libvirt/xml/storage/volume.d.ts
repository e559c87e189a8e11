import { type Read } from '../read.ts';
declare const readVolume: import("../read.ts").Reader<{
    readonly type: "other" | "file" | "block" | "network" | "dir" | "netdir" | "ploop";
    readonly name: string;
    readonly key: string | undefined;
    readonly capacity: number;
    readonly allocation: number;
    readonly physical: number | undefined;
    readonly path: string | undefined;
    readonly format: string | undefined;
    readonly compatibility: string | undefined;
    readonly backing: {
        readonly path: string;
        readonly format: string | undefined;
    } | undefined;
    readonly isEncrypted: boolean;
}>;
export type StorageVolume = Read<typeof readVolume>;
/** @throws Failure `xml-invalid` */
export declare function readStorageVolume(xml: string): StorageVolume;
/** What {@link makeStorageVolume} needs; sizes in bytes. */
export interface VolumePlan {
    readonly name: string;
    readonly capacity: number;
    /** 0 for thin; undefined for libvirt's default, which is all of it for raw. */
    readonly allocation?: number;
    readonly format: string;
    readonly backing?: {
        readonly path: string;
        readonly format: string;
    };
}
/** A volume for StorageVolCreateXML. https://libvirt.org/formatstorage.html#storage-volume-xml */
export declare function makeStorageVolume(plan: VolumePlan): string;
export {};
