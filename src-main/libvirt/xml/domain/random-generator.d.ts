import { type Read } from '../read.ts';
/** `<rng>`. https://libvirt.org/formatdomain.html#random-number-generator-device */
export declare const readRandomGenerator: import("../read.ts").Reader<{
    readonly model: string | undefined;
    readonly backend: "other" | "random" | "egd" | "builtin";
    readonly device: string | undefined;
}>;
export type RandomGenerator = Read<typeof readRandomGenerator>;
