import type { Element } from '../document.ts';
import { type Read, type Reader } from '../read.ts';
declare const readHostModel: Reader<{
    readonly model: string;
    readonly vendor: string | undefined;
    readonly features: readonly {
        readonly name: string;
        readonly policy: "other" | "force" | "require" | "optional" | "disable" | "forbid";
    }[];
    readonly maxPhysAddr: {
        readonly mode: "other" | "emulate" | "passthrough" | undefined;
        readonly bits: number | undefined;
        readonly limit: number | undefined;
    } | undefined;
}>;
export type HostModelCpu = Read<typeof readHostModel>;
/** A CPU model that the host's QEMU knows. */
export interface NamedCpuModel {
    readonly name: string;
    /** Undefined where libvirt cannot tell. */
    readonly isUsable: boolean | undefined;
    readonly isDeprecated: boolean;
    readonly vendor: string | undefined;
    /** Features that the host lacks, which is why the model is not usable (libvirt 9.1 and later name them). */
    readonly blockers: readonly string[];
}
/** `<cpu>` of the domain capabilities. https://libvirt.org/formatdomaincaps.html#cpu-configuration */
export interface CpuModes {
    /** Values of `migratable` for host-passthrough; empty where that mode is not supported. */
    readonly passthroughMigratable: readonly string[];
    readonly hasPassthrough: boolean;
    readonly hasMaximum: boolean;
    /** What host-model becomes for a guest started here; undefined where not supported. */
    readonly hostModel: HostModelCpu | undefined;
    readonly models: readonly NamedCpuModel[];
}
export declare function readCpuModes(cpu: Element): CpuModes;
export {};
