import { type Read } from '../read.ts';
/** `<numatune>`: host nodes that the guest's memory comes from. https://libvirt.org/formatdomain.html#numa-node-tuning */
export declare const readNumaTuning: import("../read.ts").Reader<{
    readonly mode: "other" | "strict" | "preferred" | "interleave" | "restrictive" | undefined;
    readonly nodeset: string | undefined;
    readonly placement: "other" | "auto" | "static" | undefined;
    readonly cells: readonly {
        readonly cell: number | undefined;
        readonly mode: "other" | "strict" | "preferred" | "interleave" | "restrictive" | undefined;
        readonly nodeset: string | undefined;
    }[];
}>;
export type NumaTuning = Read<typeof readNumaTuning>;
