import { type Read } from '../read.ts';
/** `<launchSecurity>`: encrypted guests, which stock QEMU cannot migrate. https://libvirt.org/formatdomain.html#launch-security */
export declare const readLaunchSecurity: import("../read.ts").Reader<{
    readonly type: "other" | "sev" | "sev-snp" | "tdx" | "s390-pv";
    readonly policy: number | undefined;
    readonly cBitPosition: number | undefined;
    readonly reducedPhysBits: number | undefined;
    readonly hasKernelHashes: boolean | undefined;
    readonly quoteGenerationService: string | undefined;
}>;
export type LaunchSecurity = Read<typeof readLaunchSecurity>;
