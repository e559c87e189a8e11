import { type Read, type Reader } from '../read.ts';
declare const readNetworkElement: Reader<{
    readonly name: string;
    readonly uuid: string;
    readonly title: string | undefined;
    readonly bridge: string | undefined;
    readonly forwardMode: string;
    readonly forwardDevices: readonly string[];
    readonly physicalFunctions: readonly string[];
    readonly mtu: number | undefined;
    readonly portGroups: readonly {
        readonly name: string;
        readonly isDefault: boolean;
        readonly virtualPort: string | undefined;
        readonly vlans: readonly number[];
    }[];
    readonly virtualPort: string | undefined;
    readonly vlans: readonly number[];
    readonly addresses: readonly {
        readonly address: string;
        readonly family: string | undefined;
        readonly prefix: number | undefined;
        readonly netmask: string | undefined;
    }[];
    readonly domainName: string | undefined;
}>;
export type Network = Read<typeof readNetworkElement>;
/** What NetworkGetXMLDesc answers. https://libvirt.org/formatnetwork.html @throws Failure `xml-invalid` */
export declare function readNetwork(xml: string): Network;
export {};
