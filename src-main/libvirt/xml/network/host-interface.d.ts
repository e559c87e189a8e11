import { type Read } from '../read.ts';
declare const readHostInterfaceElement: import("../read.ts").Reader<{
    readonly type: "other" | "bridge" | "ethernet" | "bond" | "vlan";
    readonly name: string;
    readonly mac: string | undefined;
    readonly mtu: number | undefined;
    readonly state: string | undefined;
    readonly speed: number | undefined;
    readonly addresses: readonly {
        readonly address: string;
        readonly prefix: number | undefined;
    }[];
    readonly bridgePorts: readonly string[];
    readonly bondMembers: readonly string[];
    readonly vlanTag: number | undefined;
    readonly vlanDevice: string | undefined;
}>;
export type HostInterface = Read<typeof readHostInterfaceElement>;
/** What InterfaceGetXMLDesc answers, a network device of the host. @throws Failure `xml-invalid` */
export declare function readHostInterface(xml: string): HostInterface;
export {};
