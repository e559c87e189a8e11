import { type Read } from '../read.ts';
/** `<seclabel>`. https://libvirt.org/formatdomain.html#security-label */
export declare const readSecurityLabel: import("../read.ts").Reader<{
    readonly type: "other" | "none" | "static" | "dynamic";
    readonly model: string | undefined;
    readonly isRelabelled: boolean | undefined;
    readonly label: string | undefined;
    readonly baseLabel: string | undefined;
}>;
export type SecurityLabel = Read<typeof readSecurityLabel>;
