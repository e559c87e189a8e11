import type { Element, Node } from './document.ts';
/** The child elements, in order. */
export declare function childrenOf(parent: Element): readonly Element[];
/** The child elements of this name outside any namespace, as all of libvirt's own are. */
export declare function childrenNamed(parent: Element, name: string): readonly Element[];
export declare function childNamed(parent: Element, name: string): Element | undefined;
/** The element and all elements below it, in document order. */
export declare function descendantsOf(element: Element): Generator<Element>;
/** Sets an attribute, or removes it where the value is undefined. @throws Failure `xml-invalid` for text that XML cannot hold */
export declare function setAttribute(element: Element, name: string, value: string | undefined): void;
/** Replaces all content by text. @throws Failure `xml-invalid` for text that XML cannot hold */
export declare function setText(element: Element, text: string): void;
/** Removes a node together with the white space that indented it, so that no empty line stays. */
export declare function remove(node: Node): void;
/** The first child of this name, made as the last child (indented like its neighbours) where there is none. */
export declare function ensureChild(parent: Element, name: string): Element;
/** Appends a new element, indented like its neighbours. */
export declare function appendElement(parent: Element, name: string): Element;
