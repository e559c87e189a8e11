import { Failure } from '../../base/failure.ts';
/**
 * What a document may be at most. libvirt's own limit for a string on the wire is 4 MiB; a real domain is some 10 kB, the capabilities of a host
 * with 2,000 CPUs some 300 kB. Children are bounded because the DOM takes time in proportion to the neighbours for every edit.
 */
export declare const MARKUP_LIMITS: {
    readonly characters: number;
    readonly depth: 200;
    readonly marks: 100000;
    readonly children: 8192;
    readonly attributes: 1000;
};
/** The failure for markup that is broken or refused at `offset`; the sentence never quotes the document, which may hold secrets. */
export declare function invalidMarkup(reason: string, source: string, offset: number): Failure<'xml-invalid'>;
/**
 * One linear pass before parsing: refuses what could exhaust the parser (size, depth, number of tags, attributes), document types and
 * entity declarations, characters outside XML 1.0's Char production, and what the parser is too kind to. The rest of well-formedness is its to judge.
 * @throws Failure `xml-invalid`
 */
export declare function checkMarkup(source: string): void;
/** Whether a text may stand in an XML 1.0 document at all. */
export declare function isXmlText(text: string): boolean;
