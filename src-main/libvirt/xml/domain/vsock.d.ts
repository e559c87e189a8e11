import { type Read } from '../read.ts';
/** `<vsock>`. https://libvirt.org/formatdomain.html#vsock */
export declare const readVsock: import("../read.ts").Reader<{
    readonly model: string | undefined;
    readonly address: number | undefined;
    readonly isAutomatic: boolean | undefined;
}>;
export type Vsock = Read<typeof readVsock>;
