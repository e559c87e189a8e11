import { type Read } from '../read.ts';
/** `<clock>`. https://libvirt.org/formatdomain.html#time-keeping */
export declare const readClock: import("../read.ts").Reader<{
    readonly offset: "other" | "timezone" | "utc" | "localtime" | "variable" | "absolute" | undefined;
    readonly timezone: string | undefined;
    readonly basis: "other" | "utc" | "localtime" | undefined;
    readonly timers: readonly {
        readonly name: string;
        readonly isPresent: boolean | undefined;
        readonly tickPolicy: "other" | "delay" | "catchup" | "merge" | "discard" | undefined;
        readonly track: string | undefined;
        readonly frequency: number | undefined;
        readonly mode: "other" | "emulate" | "auto" | "native" | "paravirt" | "smpsafe" | undefined;
    }[];
}>;
export type Clock = Read<typeof readClock>;
