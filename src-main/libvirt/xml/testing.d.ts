export declare function fixture(name: string): string;
/** All fixtures with a `<domain>`, by name. */
export declare const domainFixtures: readonly {
    readonly name: string;
    readonly xml: string;
}[];
/** Why schema tests are skipped, or undefined to run them. In CI nothing is skipped: it fails instead. */
export declare const withoutSchemas: string | undefined;
/** Why tests against libvirt's test driver are skipped, or undefined to run them. */
export declare const withoutVirsh: string | undefined;
/** What virsh says of libvirt's built-in test driver, which needs no daemon. */
export declare function virsh(...command: readonly string[]): string;
/** Checks documents against one of libvirt's schemas (`domain`, `storagevol`, ...). Answers what is wrong, or undefined. */
export declare function openSchema(name: string): (xml: string) => string | undefined;
/** Whether libxml2, the parser that libvirt itself uses, takes the text. */
export declare function libxmlAccepts(xml: string): boolean;
