/** An element to be written: what the make functions of this room answer, and what {@link write} turns into text. */
export interface Made {
    readonly name: string;
    readonly attributes: Readonly<Record<string, string | number | undefined>>;
    readonly children: readonly (Made | string)[];
}
/** An element. Attributes and children that are undefined are left out; strings are text, escaped when written. */
export declare function make(name: string, attributes?: Readonly<Record<string, string | number | undefined>>, ...children: readonly (Made | string | number | undefined)[]): Made;
/** The element as text, indented by two spaces a level. @throws Failure `xml-invalid` for text that XML cannot hold */
export declare function write(made: Made, indent?: string): string;
