import { type Element } from '../document.ts';
import { type Read, type Reader } from '../read.ts';
import { type CpuModes } from './domain-cpu-modes.ts';
/** One thing that a host may support, with the values it offers per enumeration: `disk` → `bus` → `virtio`, `scsi`. */
export interface Support {
    readonly isSupported: boolean;
    readonly values: Readonly<Record<string, readonly string[]>>;
}
export declare function readSupport(element: Element): Support;
declare const readDomainCapabilitiesElement: Reader<{
    readonly emulator: string | undefined;
    readonly domainType: string;
    readonly architecture: string;
    readonly machine: import("../machine-type.ts").MachineType;
    readonly maxVcpus: number | undefined;
    readonly hasIothreads: boolean;
    readonly firmware: readonly string[];
    readonly loaders: readonly string[];
    readonly loader: Support | undefined;
    readonly cpu: CpuModes;
    readonly memoryBacking: Support | undefined;
    readonly devices: Readonly<Record<string, Support>>;
    readonly features: Readonly<Record<string, Support>>;
    readonly sev: {
        readonly isSupported: boolean;
        readonly cBitPosition: number | undefined;
        readonly reducedPhysBits: number | undefined;
        readonly maxGuests: number | undefined;
        readonly maxEncryptedStateGuests: number | undefined;
    } | undefined;
}>;
export type DomainCapabilities = Read<typeof readDomainCapabilitiesElement>;
/**
 * What ConnectGetDomainCapabilities answers for one emulator, machine and domain type. https://libvirt.org/formatdomaincaps.html
 * @throws Failure `xml-invalid`
 */
export declare function readDomainCapabilities(xml: string): DomainCapabilities;
export {};
