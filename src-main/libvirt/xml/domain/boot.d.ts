import { type Read } from '../read.ts';
/** `<os>`. https://libvirt.org/formatdomain.html#operating-system-booting */
export declare const readBoot: import("../read.ts").Reader<{
    readonly type: string;
    readonly architecture: string | undefined;
    readonly machine: import("../machine-type.ts").MachineType | undefined;
    readonly firmware: "other" | "efi" | "bios" | undefined;
    readonly firmwareFeatures: readonly {
        readonly name: string | undefined;
        readonly isEnabled: boolean | undefined;
    }[];
    readonly loader: {
        readonly path: string | undefined;
        readonly isReadOnly: boolean | undefined;
        readonly isSecure: boolean | undefined;
        readonly type: "other" | "rom" | "pflash" | undefined;
        readonly format: string | undefined;
        readonly isStateless: boolean | undefined;
    } | undefined;
    readonly nvram: {
        readonly path: string | undefined;
        readonly template: string | undefined;
        readonly type: string | undefined;
        readonly format: string | undefined;
        readonly source: {
            readonly file: string | undefined;
            readonly device: string | undefined;
            readonly protocol: string | undefined;
            readonly name: string | undefined;
        } | undefined;
    } | undefined;
    readonly kernel: string | undefined;
    readonly initrd: string | undefined;
    readonly commandLine: string | undefined;
    readonly deviceTree: string | undefined;
    readonly devices: readonly string[];
    readonly hasBootMenu: boolean | undefined;
    readonly smbios: "other" | "emulate" | "host" | "sysinfo" | undefined;
}>;
export type Boot = Read<typeof readBoot>;
/** How the guest's firmware is chosen and kept: `bios`, or UEFI with or without a file of variables. */
export declare function firmwareOf(boot: Boot): 'bios' | 'uefi';
