import type { Domain } from './domain.ts';
export declare const DEVICE_KINDS: readonly ["disk", "cdrom", "floppy", "nic", "host-device", "filesystem", "display", "video", "console", "channel", "tpm", "memory", "shared-memory", "controller", "input", "sound", "other"];
export type DeviceKind = (typeof DEVICE_KINDS)[number];
/** One row of the VM page: what it is (`vda`), what there is to say of it, and a kind to sort and draw it by. */
export interface DeviceRow {
    readonly kind: DeviceKind;
    readonly label: string;
    readonly detail: string;
}
/** KiB for a person: `512 MiB`, `1.5 GiB`. */
export declare function formatKibibytes(kibibytes: number): string;
/** The rows of the VM page, most telling first. Labels are libvirt's names; sentences are English. */
export declare function describeDevices({ devices }: Domain): readonly DeviceRow[];
