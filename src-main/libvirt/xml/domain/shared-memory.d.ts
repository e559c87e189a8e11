import { type Read } from '../read.ts';
/** `<shmem>`: memory shared with other guests of the host. https://libvirt.org/formatdomain.html#shared-memory-device */
export declare const readSharedMemory: import("../read.ts").Reader<{
    readonly name: string;
    readonly role: "other" | "master" | "peer" | undefined;
    readonly model: string | undefined;
    readonly size: number | undefined;
    readonly server: string | undefined;
}>;
export type SharedMemory = Read<typeof readSharedMemory>;
