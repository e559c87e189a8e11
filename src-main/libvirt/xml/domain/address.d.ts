import { type Read } from '../read.ts';
/** A PCI address, of a guest's device or a host's. https://libvirt.org/formatdomain.html#device-addresses */
export declare const readPciAddress: import("../read.ts").Reader<{
    readonly domain: number;
    readonly bus: number;
    readonly slot: number;
    readonly function: number;
}>;
export type PciAddress = Read<typeof readPciAddress>;
/** `0000:3b:00.1`, as lspci and sysfs write it. */
export declare function formatPciAddress({ domain, bus, slot, function: fn }: PciAddress): string;
