/**
 * A QEMU machine type. `pc-q35-7.2` is family `pc-q35`, version 7.2; `pc-q35-rhel9.4.0` the same family with vendor `rhel`;
 * `q35`, `pc` and `virt` are aliases that every QEMU resolves to its newest. Debian and upstream share versions, vendors have their own.
 */
export interface MachineType {
    readonly name: string;
    /** What must be equal for two machine types to be versions of one machine. Aliases are resolved: `pc` is `pc-i440fx`, `q35` is `pc-q35`. */
    readonly family: string;
    /** `rhel`, `noble`, ... where a distribution keeps machines of its own; undefined for upstream's. */
    readonly vendor: string | undefined;
    /** Numbers of the version, most significant first; empty for an alias or a machine without versions (`microvm`, `none`). */
    readonly version: readonly number[];
}
/** Never fails: what has no version is its own family. */
export declare function parseMachineType(name: string): MachineType;
/** Whether the name carries neither version nor release, so that it may mean different machines on different hosts. */
export declare function isMachineAlias(machine: MachineType): boolean;
/** Negative where `a` is older than `b`, 0 where equal, undefined where they are no versions of one machine. */
export declare function compareMachineTypes(a: MachineType, b: MachineType): number | undefined;
/** Compares dotted versions number by number; missing numbers are 0, so 8.1 equals 8.1.0. */
export declare function compareVersions(a: readonly number[], b: readonly number[]): number;
