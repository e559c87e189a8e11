import { type Read } from '../read.ts';
/** `<controller>`. https://libvirt.org/formatdomain.html#controllers */
export declare const readController: import("../read.ts").Reader<{
    readonly type: string;
    readonly index: number;
    readonly model: string | undefined;
    readonly ports: number | undefined;
    readonly queues: number | undefined;
    readonly iothread: number | undefined;
    readonly alias: string | undefined;
}>;
export type Controller = Read<typeof readController>;
