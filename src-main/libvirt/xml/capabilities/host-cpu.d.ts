import { type Read } from '../read.ts';
/** The host's own CPU, the `<cpu>` below `<host>`. https://libvirt.org/formatcaps.html */
export declare const readHostCpu: import("../read.ts").Reader<{
    readonly architecture: string;
    readonly model: string | undefined;
    readonly vendor: string | undefined;
    readonly microcode: string | undefined;
    readonly signature: {
        readonly family: number | undefined;
        readonly model: number | undefined;
        readonly stepping: number | undefined;
    } | undefined;
    readonly tsc: {
        readonly name: string | undefined;
        readonly frequency: number | undefined;
        readonly canScale: boolean | undefined;
    } | undefined;
    readonly topology: {
        readonly sockets: number;
        readonly dies: number;
        readonly clusters: number;
        readonly cores: number;
        readonly threads: number;
    } | undefined;
    readonly maxPhysAddr: {
        readonly mode: "other" | "emulate" | "passthrough" | undefined;
        readonly bits: number | undefined;
        readonly limit: number | undefined;
    } | undefined;
    readonly features: readonly string[];
    readonly pageSizes: readonly number[];
}>;
export type HostCpu = Read<typeof readHostCpu>;
/** A NUMA cell of the host, below `<topology>`. */
export declare const readHostCell: import("../read.ts").Reader<{
    readonly id: number;
    readonly memory: number;
    readonly pages: readonly {
        readonly size: number;
        readonly count: number;
    }[];
    readonly distances: readonly {
        readonly cell: number;
        readonly value: number;
    }[];
    readonly cpus: readonly {
        readonly id: number;
        readonly socket: number | undefined;
        readonly die: number | undefined;
        readonly core: number | undefined;
        readonly siblings: string | undefined;
    }[];
    readonly cpuCount: number;
}>;
export type HostCell = Read<typeof readHostCell>;
