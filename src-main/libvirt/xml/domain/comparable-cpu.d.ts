/**
 * Whether a domain's CPU can be asked about with ConnectCompareHypervisorCPU, and the XML to ask with.
 * `host`: the guest sees whatever the host has (host-passthrough or maximum), so only equal hosts will do.
 * `unexpanded`: host-model of a domain that is off; it becomes the host's at the next start.
 * `default`: no CPU named; QEMU's own default for the machine type.
 */
export type ComparableCpu = {
    readonly kind: 'named';
    readonly xml: string;
} | {
    readonly kind: 'host';
    readonly mode: 'host-passthrough' | 'maximum';
    readonly isMigratable: boolean | undefined;
} | {
    readonly kind: 'unexpanded';
} | {
    readonly kind: 'default';
};
/**
 * The CPU of a domain, best of a running one: libvirt expands host-model there, and lists exactly the features that the guest sees.
 * NUMA cells, topology and cache belong to the guest's layout and are not compared.
 * @throws Failure `xml-invalid`
 */
export declare function comparableCpu(domainXml: string): ComparableCpu;
