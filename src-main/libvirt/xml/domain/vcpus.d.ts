import { type Read } from '../read.ts';
/** `<vcpu>` and `<vcpus>`. https://libvirt.org/formatdomain.html#cpu-allocation */
export declare const readVcpus: import("../read.ts").Reader<{
    readonly count: number;
    readonly current: number | undefined;
    readonly placement: "other" | "auto" | "static" | undefined;
    readonly cpuset: string | undefined;
    readonly each: readonly {
        readonly id: number;
        readonly isEnabled: boolean | undefined;
        readonly isHotpluggable: boolean | undefined;
    }[];
}>;
export type Vcpus = Read<typeof readVcpus>;
