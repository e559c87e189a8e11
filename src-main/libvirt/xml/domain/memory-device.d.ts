import { type Read } from '../read.ts';
/** `<memory>` below `<devices>`, sizes in KiB. https://libvirt.org/formatdomain.html#memory-devices */
export declare const readMemoryDevice: import("../read.ts").Reader<{
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
}>;
export type MemoryDevice = Read<typeof readMemoryDevice>;
