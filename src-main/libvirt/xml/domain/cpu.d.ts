import { type Read } from '../read.ts';
export declare const CPU_FEATURE_POLICIES: readonly ["force", "require", "optional", "disable", "forbid"];
/** Sockets, dies, clusters, cores, threads; absent levels count as 1. */
export declare const readCpuTopology: import("../read.ts").Reader<{
    readonly sockets: number;
    readonly dies: number;
    readonly clusters: number;
    readonly cores: number;
    readonly threads: number;
}>;
export type CpuTopology = Read<typeof readCpuTopology>;
/** `<maxphysaddr>`: the width of guest-physical addresses, which must not shrink on the way. */
export declare const readMaxPhysAddr: import("../read.ts").Reader<{
    readonly mode: "other" | "emulate" | "passthrough" | undefined;
    readonly bits: number | undefined;
    readonly limit: number | undefined;
}>;
export declare const readCpuFeature: import("../read.ts").Reader<{
    readonly name: string;
    readonly policy: "other" | "force" | "require" | "optional" | "disable" | "forbid";
}>;
export type CpuFeature = Read<typeof readCpuFeature>;
/** The guest's `<cpu>`. https://libvirt.org/formatdomain.html#cpu-model-and-topology */
export declare const readCpu: import("../read.ts").Reader<{
    readonly mode: "other" | "custom" | "host-model" | "host-passthrough" | "maximum" | undefined;
    readonly match: "other" | "minimum" | "exact" | "strict" | undefined;
    readonly check: "other" | "none" | "partial" | "full" | undefined;
    readonly isMigratable: boolean | undefined;
    readonly model: string | undefined;
    readonly fallback: "other" | "forbid" | "allow" | undefined;
    readonly vendor: string | undefined;
    readonly vendorId: string | undefined;
    readonly features: readonly {
        readonly name: string;
        readonly policy: "other" | "force" | "require" | "optional" | "disable" | "forbid";
    }[];
    readonly topology: {
        readonly sockets: number;
        readonly dies: number;
        readonly clusters: number;
        readonly cores: number;
        readonly threads: number;
    } | undefined;
    readonly numaCells: readonly {
        readonly id: number | undefined;
        readonly cpus: string | undefined;
        readonly memory: number;
        readonly access: "other" | "shared" | "private" | undefined;
        readonly isDiscarded: boolean | undefined;
    }[];
    readonly maxPhysAddr: {
        readonly mode: "other" | "emulate" | "passthrough" | undefined;
        readonly bits: number | undefined;
        readonly limit: number | undefined;
    } | undefined;
    readonly cacheMode: "other" | "emulate" | "disable" | "passthrough" | undefined;
}>;
export type Cpu = Read<typeof readCpu>;
