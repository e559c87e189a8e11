import type { Element } from '../document.ts';
import { type Read } from '../read.ts';
import { type PciAddress } from './address.ts';
declare const readNetworkSource: import("../read.ts").Reader<{
    readonly protocol: string;
    readonly name: string | undefined;
    readonly hosts: readonly {
        readonly name: string | undefined;
        readonly port: number | undefined;
        readonly transport: "other" | "unix" | "tcp" | "rdma" | "vsock";
        readonly socket: string | undefined;
    }[];
    readonly hasTls: boolean | undefined;
    readonly initiator: string | undefined;
}>;
/** A secret of libvirt's own store, by reference: the next host must have it too. */
declare const readSecretReference: import("../read.ts").Reader<{
    readonly type: string | undefined;
    readonly uuid: string | undefined;
    readonly usage: string | undefined;
}>;
export type SecretReference = Read<typeof readSecretReference>;
export type NetworkDiskSource = Read<typeof readNetworkSource> & {
    readonly credentials: SecretReference | undefined;
};
/** Where the bytes of a disk, or of one layer of its backing chain, are. https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms */
export type DiskSource = {
    readonly kind: 'file';
    readonly path: string;
} | {
    readonly kind: 'block';
    readonly path: string;
} | {
    readonly kind: 'directory';
    readonly path: string;
} | ({
    readonly kind: 'network';
} & NetworkDiskSource) | {
    readonly kind: 'volume';
    readonly pool: string;
    readonly volume: string;
} | {
    readonly kind: 'nvme';
    readonly address: PciAddress;
    readonly namespace: string;
    readonly isManaged: boolean;
} | {
    readonly kind: 'vhost-user';
    readonly path: string;
} | {
    readonly kind: 'vdpa';
    readonly path: string;
}
/** An empty drive. */
 | {
    readonly kind: 'none';
} | {
    readonly kind: 'other';
    readonly type: string;
};
/** Reads `<source>` below a `<disk>`, `<backingStore>` or `<mirror>`, whose `type` says what it is. */
export declare function readDiskSource(owner: Element): DiskSource;
/** One line for a person: the path, or `rbd:pool/image at ceph1, ceph2`, `pool/volume`; undefined for an empty drive. */
export declare function describeDiskSource(source: DiskSource): string | undefined;
export {};
