import { type Read } from '../read.ts';
/** What happens on power-off, reboot, crash; and whether the guest may sleep. https://libvirt.org/formatdomain.html#events-configuration */
export declare const readLifecycle: import("../read.ts").Reader<{
    readonly onPowerOff: string | undefined;
    readonly onReboot: string | undefined;
    readonly onCrash: string | undefined;
    readonly onLockFailure: string | undefined;
    readonly canSuspendToMemory: boolean | undefined;
    readonly canSuspendToDisk: boolean | undefined;
}>;
export type Lifecycle = Read<typeof readLifecycle>;
