import { type Read } from '../read.ts';
declare const readMachine: import("../read.ts").Reader<{
    readonly machine: import("../machine-type.ts").MachineType;
    readonly canonical: import("../machine-type.ts").MachineType | undefined;
    readonly maxCpus: number | undefined;
}>;
export type SupportedMachine = Read<typeof readMachine>;
/** A kind of guest that the host can run, `<guest>`: one per architecture and system type. https://libvirt.org/formatcaps.html */
export declare const readGuestSupport: import("../read.ts").Reader<{
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
}>;
export type GuestSupport = Read<typeof readGuestSupport>;
export {};
