import type { Element } from '../document.ts';
import { type Read, type Reader } from '../read.ts';
import { type PciAddress } from './address.ts';
/** A device of the host handed to the guest. https://libvirt.org/formatdomain.html#host-device-assignment */
export type HostDeviceSource = {
    readonly kind: 'pci';
    readonly address: PciAddress;
} | {
    readonly kind: 'usb';
    readonly vendor: number | undefined;
    readonly product: number | undefined;
    readonly bus: number | undefined;
    readonly device: number | undefined;
} | {
    readonly kind: 'mdev';
    readonly uuid: string;
    readonly model: string;
} | {
    readonly kind: 'scsi';
    readonly adapter: string | undefined;
    readonly iscsi: string | undefined;
} | {
    readonly kind: 'scsi-host';
    readonly wwpn: string | undefined;
} | {
    readonly kind: 'other';
    readonly type: string;
};
export declare function readHostDeviceSource(element: Element): HostDeviceSource;
/** `<hostdev>` */
export declare const readHostDevice: Reader<{
    readonly source: HostDeviceSource;
    readonly isManaged: boolean;
    readonly startupPolicy: "other" | "optional" | "mandatory" | "requisite" | undefined;
    readonly teaming: "other" | "transient" | "persistent" | undefined;
    readonly driver: string | undefined;
    readonly hasRom: boolean;
    readonly bootOrder: number | undefined;
    readonly alias: string | undefined;
}>;
export type HostDevice = Read<typeof readHostDevice>;
/** One line for a person: `PCI 0000:3b:00.0`, `USB 046d:c52b`, `mdev nvidia …`. */
export declare function describeHostDevice(source: HostDeviceSource): string;
/** `<redirdev>`: a USB device of whoever looks at the console. */
export declare const readRedirectedDevice: Reader<{
    readonly bus: string;
    readonly type: string;
    readonly alias: string | undefined;
}>;
export type RedirectedDevice = Read<typeof readRedirectedDevice>;
