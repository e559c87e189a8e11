import type { Element } from '../document.ts';
/** The namespace of `qemu:commandline`. https://libvirt.org/drvqemu.html#pass-through-of-arbitrary-qemu-commands */
export declare const QEMU_NAMESPACE = "http://libvirt.org/schemas/domain/qemu/1.0";
/** What is handed to QEMU past libvirt, so that libvirt vouches for nothing about it. */
export interface CommandLine {
    readonly args: readonly string[];
    /** Names only: values may be secrets. */
    readonly environment: readonly string[];
    /** `qemu:override` and `qemu:capabilities` are there. */
    readonly hasOverrides: boolean;
}
export declare function readCommandLine(domain: Element): CommandLine | undefined;
