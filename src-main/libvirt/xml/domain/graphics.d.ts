import type { Element } from '../document.ts';
import { type Read, type Reader } from '../read.ts';
/** Where a display waits for viewers. https://libvirt.org/formatdomain.html#graphical-framebuffers */
export type GraphicsListen = {
    readonly kind: 'address';
    readonly address: string | undefined;
} | {
    readonly kind: 'network';
    readonly network: string;
    readonly address: string | undefined;
} | {
    readonly kind: 'socket';
    readonly path: string | undefined;
} | {
    readonly kind: 'none';
};
export declare function readGraphicsListens(graphics: Element): readonly GraphicsListen[];
/** `<graphics>`. The password is never read: only that there is one. */
export declare const readGraphics: Reader<{
    readonly type: "other" | "dbus" | "vnc" | "spice" | "rdp" | "sdl" | "egl-headless" | "desktop";
    readonly port: number | undefined;
    readonly tlsPort: number | undefined;
    readonly websocket: number | undefined;
    readonly isAutomaticPort: boolean | undefined;
    readonly hasPassword: boolean;
    readonly passwordValidTo: string | undefined;
    readonly listens: readonly GraphicsListen[];
    readonly keymap: string | undefined;
    readonly hasOpenGl: boolean | undefined;
}>;
export type Graphics = Read<typeof readGraphics>;
