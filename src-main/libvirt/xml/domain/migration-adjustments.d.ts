/**
 * What may differ at the destination without the guest noticing (virDomainDefCheckABIStability in libvirt's src/conf/domain_conf.c compares
 * everything else). Disks are named by target (`vda`), NICs by MAC address.
 */
export interface MigrationAdjustments {
    /** Bridges and networks that have another name there, old name to new, for every NIC on them. */
    readonly bridges?: Readonly<Record<string, string>>;
    readonly networks?: Readonly<Record<string, string>>;
    /** One NIC moved onto another bridge or network, whatever it was on; it is done before the renames and not renamed again. */
    readonly interfaces?: readonly InterfaceAdjustment[];
    readonly disks?: readonly DiskAdjustment[];
    /** Targets of CD-ROM and floppy drives to be empty there. */
    readonly ejected?: readonly string[];
    /** The address that VNC and SPICE listen on there; sockets and listens by network stay. */
    readonly graphicsAddress?: string;
    /** The path of the file of UEFI variables there. */
    readonly nvram?: string;
}
export interface InterfaceAdjustment {
    readonly mac: string;
    readonly to: {
        readonly kind: 'bridge';
        readonly bridge: string;
    } | {
        readonly kind: 'network';
        readonly network: string;
        readonly portGroup?: string;
    };
}
export interface DiskAdjustment {
    readonly target: string;
    readonly to: {
        readonly kind: 'file' | 'block';
        readonly path: string;
    };
    /** Otherwise the chain is left out and the destination reads it from the image's own header. */
    readonly keepsBackingChain?: boolean;
}
/**
 * The XML to hand to Begin and Prepare as `destination_xml`. Start from XML that was asked for with VIR_DOMAIN_XML_MIGRATABLE and, where the
 * domain has secrets, SECURE. All that is not adjusted stays: comments, namespaces, elements unknown here.
 * @throws Failure `xml-invalid`; `xml-adjustment` when a named disk or NIC is not there, or a drive cannot be ejected
 */
export declare function withMigrationAdjustments(xml: string, adjustments: MigrationAdjustments): string;
