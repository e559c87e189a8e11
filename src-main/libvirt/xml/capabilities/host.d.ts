import { type Read, type Reader } from '../read.ts';
declare const readSecurityModel: Reader<{
    readonly model: string;
    readonly doi: string;
    readonly baseLabels: readonly {
        readonly type: string;
        readonly label: string;
    }[];
}>;
export type SecurityModel = Read<typeof readSecurityModel>;
declare const readHost: Reader<{
    readonly uuid: string;
    readonly cpu: {
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
    } | undefined;
    readonly canMigrateLive: boolean;
    readonly migrationTransports: readonly string[];
    readonly cells: readonly {
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
    }[];
    readonly securityModels: readonly {
        readonly model: string;
        readonly doi: string;
        readonly baseLabels: readonly {
            readonly type: string;
            readonly label: string;
        }[];
    }[];
    readonly hasIommu: boolean;
}>;
export type HostCapabilities = Read<typeof readHost>;
/** What ConnectGetCapabilities answers. https://libvirt.org/formatcaps.html */
export interface Capabilities {
    readonly host: HostCapabilities;
    readonly guests: Read<typeof readGuests>;
}
declare const readGuests: Reader<readonly {
    readonly osType: string;
    readonly architecture: string;
    readonly emulator: string | undefined;
    readonly machines: readonly {
        readonly machine: import("../machine-type.ts").MachineType;
        readonly canonical: import("../machine-type.ts").MachineType | undefined;
        readonly maxCpus: number | undefined;
    }[];
    readonly domainTypes: readonly {
        readonly type: string;
        readonly emulator: string | undefined;
        readonly machines: readonly {
            readonly machine: import("../machine-type.ts").MachineType;
            readonly canonical: import("../machine-type.ts").MachineType | undefined;
            readonly maxCpus: number | undefined;
        }[];
    }[];
}[]>;
/** @throws Failure `xml-invalid` */
export declare function readCapabilities(xml: string): Capabilities;
export {};
