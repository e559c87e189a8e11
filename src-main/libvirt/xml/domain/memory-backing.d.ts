import { type Read } from '../read.ts';
/** `<memoryBacking>`. https://libvirt.org/formatdomain.html#memory-backing */
export declare const readMemoryBacking: import("../read.ts").Reader<{
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
}>;
export type MemoryBacking = Read<typeof readMemoryBacking>;
