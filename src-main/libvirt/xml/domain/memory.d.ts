import { type Read } from '../read.ts';
/** `<memory>`, `<currentMemory>` and `<maxMemory>`, in KiB. https://libvirt.org/formatdomain.html#memory-allocation */
export declare const readMemory: import("../read.ts").Reader<{
    readonly size: number;
    readonly current: number | undefined;
    readonly most: number | undefined;
    readonly slots: number | undefined;
}>;
export type Memory = Read<typeof readMemory>;
