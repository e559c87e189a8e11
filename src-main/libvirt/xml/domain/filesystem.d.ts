import { type Read } from '../read.ts';
/** `<filesystem>`: a folder of the host shown to the guest. https://libvirt.org/formatdomain.html#filesystems */
export declare const readFilesystem: import("../read.ts").Reader<{
    readonly type: string;
    readonly driver: "other" | "path" | "handle" | "virtiofs" | "mtp";
    readonly accessMode: string | undefined;
    readonly source: string | undefined;
    readonly socket: string | undefined;
    readonly target: string;
    readonly isReadOnly: boolean;
    readonly binary: string | undefined;
    readonly queueSize: number | undefined;
    readonly alias: string | undefined;
}>;
export type Filesystem = Read<typeof readFilesystem>;
