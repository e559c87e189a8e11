import { type Document, type Element, type Node } from '@xmldom/xmldom';
export type { Document, Element, Node };
/**
 * Parses a document from libvirt or a person, strictly: what a validating parser would refuse is refused, and so are document types,
 * entity declarations and documents beyond {@link MARKUP_LIMITS}.
 * @throws Failure `xml-invalid`, with line and column as evidence; never anything else
 */
export declare function parseDocument(source: string): Document;
/**
 * Parses a document and answers its root element.
 * @throws Failure `xml-invalid`, also when the root is not called `name`
 */
export declare function parseRoot(source: string, name: string): Element;
/** The text of a document or element, without the nodes for which `isLeftOut` holds. Parsing it again gives the same tree. */
export declare function serialise(node: Node, isLeftOut?: (node: Node) => boolean): string;
