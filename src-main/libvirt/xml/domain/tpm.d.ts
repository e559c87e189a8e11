import { type Read } from '../read.ts';
/** `<tpm>`. https://libvirt.org/formatdomain.html#tpm-device */
export declare const readTpm: import("../read.ts").Reader<{
    readonly model: string | undefined;
    readonly backend: "other" | "passthrough" | "emulator" | "external";
    readonly version: string | undefined;
    readonly isStatePersistent: boolean | undefined;
    readonly hasEncryption: boolean;
    readonly secretUuid: string | undefined;
    readonly device: string | undefined;
    readonly statePath: string | undefined;
    readonly alias: string | undefined;
}>;
export type Tpm = Read<typeof readTpm>;
