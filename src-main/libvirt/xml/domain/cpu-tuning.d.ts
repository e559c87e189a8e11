import { type Read } from '../read.ts';
/** `<cputune>`: pinning names CPUs of this host, which the next host may not have. https://libvirt.org/formatdomain.html#cpu-tuning */
export declare const readCpuTuning: import("../read.ts").Reader<{
    readonly shares: number | undefined;
    readonly period: number | undefined;
    readonly quota: number | undefined;
    readonly vcpuPins: readonly {
        readonly vcpu: number | undefined;
        readonly cpuset: string | undefined;
    }[];
    readonly emulatorPin: string | undefined;
    readonly iothreadPins: readonly {
        readonly iothread: number | undefined;
        readonly cpuset: string | undefined;
    }[];
    readonly schedulers: readonly {
        readonly vcpus: string | undefined;
        readonly scheduler: string | undefined;
        readonly priority: number | undefined;
    }[];
    readonly cacheTunes: readonly string[];
    readonly memoryTunes: readonly string[];
}>;
export type CpuTuning = Read<typeof readCpuTuning>;
