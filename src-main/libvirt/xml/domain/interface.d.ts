import type { Element } from '../document.ts';
import { type Read, type Reader } from '../read.ts';
import { type PciAddress } from './address.ts';
/**
 * What a NIC is plugged into. A running domain shows the actual connection: a NIC of a network over a bridge reads as `bridge` with `network` set.
 * https://libvirt.org/formatdomain.html#network-interfaces
 */
export type InterfaceSource = {
    readonly kind: 'network';
    readonly network: string;
    readonly portGroup: string | undefined;
    readonly bridge: string | undefined;
} | {
    readonly kind: 'bridge';
    readonly bridge: string;
    readonly network: string | undefined;
    readonly portGroup: string | undefined;
} | {
    readonly kind: 'direct';
    readonly device: string;
    readonly mode: string;
    readonly network: string | undefined;
}
/** SR-IOV, handed through as a whole. */
 | {
    readonly kind: 'hostdev';
    readonly address: PciAddress | undefined;
    readonly isManaged: boolean;
    readonly network: string | undefined;
} | {
    readonly kind: 'vhost-user';
    readonly path: string;
    readonly mode: string | undefined;
} | {
    readonly kind: 'vdpa';
    readonly device: string;
}
/** Unprivileged user-mode networking (SLIRP or passt): its connections do not survive a move. */
 | {
    readonly kind: 'user';
} | {
    readonly kind: 'ethernet';
}
/** `mcast`, `server`, `client`, `udp`, `internal`, `vds`, `null`. */
 | {
    readonly kind: 'other';
    readonly type: string;
};
export declare function readInterfaceSource(element: Element): InterfaceSource;
/** `<interface>`. https://libvirt.org/formatdomain.html#network-interfaces */
export declare const readInterface: Reader<{
    readonly source: InterfaceSource;
    readonly mac: string;
    readonly model: string | undefined;
    readonly target: string | undefined;
    readonly isLinkUp: boolean;
    readonly driver: string | undefined;
    readonly queues: number | undefined;
    readonly virtualPort: {
        readonly type: string | undefined;
        readonly profileId: string | undefined;
        readonly interfaceId: string | undefined;
    } | undefined;
    readonly vlans: readonly number[];
    readonly mtu: number | undefined;
    readonly filter: string | undefined;
    readonly teaming: "other" | "transient" | "persistent" | undefined;
    readonly teamingPartner: string | undefined;
    readonly isTrusted: boolean | undefined;
    readonly bootOrder: number | undefined;
    readonly alias: string | undefined;
}>;
export type Interface = Read<typeof readInterface>;
