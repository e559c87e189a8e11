import { type Read } from '../read.ts';
/** `<serial>`, `<parallel>`, `<console>` or `<channel>`. https://libvirt.org/formatdomain.html#consoles-serial-parallel-channel-devices */
export declare const readCharacterDevice: import("../read.ts").Reader<{
    readonly type: "other" | "file" | "pty" | "unix" | "tcp" | "udp" | "pipe" | "dev" | "null" | "stdio" | "vc" | "spicevmc" | "spiceport" | "nmdm" | "qemu-vdagent" | "dbus";
    readonly path: string | undefined;
    readonly mode: "other" | "bind" | "connect" | undefined;
    readonly host: string | undefined;
    readonly service: string | undefined;
    readonly targetType: string | undefined;
    readonly targetName: string | undefined;
    readonly targetPort: number | undefined;
    readonly state: "other" | "connected" | "disconnected" | undefined;
    readonly logFile: string | undefined;
    readonly hasTls: boolean;
    readonly alias: string | undefined;
}>;
export type CharacterDevice = Read<typeof readCharacterDevice>;
