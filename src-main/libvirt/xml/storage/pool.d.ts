import { type Read } from '../read.ts';
export declare const POOL_TYPES: readonly ["dir", "fs", "netfs", "logical", "disk", "iscsi", "iscsi-direct", "scsi", "mpath", "rbd", "sheepdog", "gluster", "zfs", "vstorage"];
declare const readPool: import("../read.ts").Reader<{
    readonly type: string;
    readonly name: string;
    readonly uuid: string;
    readonly capacity: number | undefined;
    readonly allocation: number | undefined;
    readonly available: number | undefined;
    readonly targetPath: string | undefined;
    readonly sourceHosts: readonly {
        readonly name: string | undefined;
        readonly port: number | undefined;
    }[];
    readonly sourceDirectory: string | undefined;
    readonly sourceDevices: readonly string[];
    readonly sourceName: string | undefined;
    readonly sourceFormat: string | undefined;
    readonly hasCredentials: boolean;
}>;
export type StoragePool = Read<typeof readPool>;
/** @throws Failure `xml-invalid` */
export declare function readStoragePool(xml: string): StoragePool;
/** A pool over a folder of the host, for StoragePoolDefineXML or StoragePoolCreateXML. https://libvirt.org/formatstorage.html */
export declare function makeDirectoryPool(pool: {
    readonly name: string;
    readonly uuid?: string;
    readonly path: string;
}): string;
export {};
