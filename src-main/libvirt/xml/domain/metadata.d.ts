import type { Element } from '../document.ts';
/** The namespace of Drover's own element below `<metadata>`, and the prefix to hand to DomainSetMetadata with it. */
export declare const DROVER_METADATA: {
    readonly namespace: "urn:x-drover:domain:1";
    readonly prefix: "drover";
};
/** What the `<metadata>` of a domain says. https://libvirt.org/formatdomain.html#general-metadata */
export interface Metadata {
    /** Tags of Drover and of any other tool that calls an element `tag` or `tags`, without duplicates, in order. */
    readonly tags: readonly string[];
    /** libosinfo's id of the guest's system, such as `http://debian.org/debian/12`. */
    readonly osId: string | undefined;
    /** Namespaces of the tools that left something here. */
    readonly namespaces: readonly string[];
}
/** Reads the domain element's metadata; never fails, for other tools write what they like. */
export declare function readMetadata(domain: Element): Metadata;
/** The element for DomainSetMetadata (type element, key {@link DROVER_METADATA}.prefix, uri .namespace); libvirt adds the namespace. */
export declare function makeTags(tags: readonly string[]): string;
