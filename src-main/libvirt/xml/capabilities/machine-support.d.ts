import type { MachineType } from '../machine-type.ts';
import type { Capabilities } from './host.ts';
/** How a host can run a machine type: by that very name, or not at all. An alias answers with the machine that it stands for there. */
export declare function findMachine(capabilities: Capabilities, guest: {
    readonly architecture: string;
    readonly domainType: string;
    readonly machine: string;
}): MachineType | undefined;
