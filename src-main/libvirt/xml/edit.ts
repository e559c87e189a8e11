import { Failure } from '../../base/failure.ts'
import type { Element, Node } from './document.ts'
import { isXmlText } from './markup-check.ts'

const ELEMENT = 1
const TEXT = 3

function isElement(node: Node): node is Element {
  return node.nodeType === ELEMENT
}

/** The child elements, in order. */
export function childrenOf(parent: Element): readonly Element[] {
  const found: Element[] = []
  for (let node = parent.firstChild; node; node = node.nextSibling) if (isElement(node)) found.push(node)
  return found
}

/** The child elements of this name outside any namespace, as all of libvirt's own are. */
export function childrenNamed(parent: Element, name: string): readonly Element[] {
  return childrenOf(parent).filter((child) => child.localName === name && !child.prefix)
}

export function childNamed(parent: Element, name: string): Element | undefined {
  return childrenNamed(parent, name)[0]
}

/** The element and all elements below it, in document order. */
export function* descendantsOf(element: Element): Generator<Element> {
  yield element
  for (const child of childrenOf(element)) yield* descendantsOf(child)
}

/** Sets an attribute, or removes it where the value is undefined. @throws Failure `xml-invalid` for text that XML cannot hold */
export function setAttribute(element: Element, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name)
  else element.setAttribute(name, writable(value))
}

/** Replaces all content by text. @throws Failure `xml-invalid` for text that XML cannot hold */
export function setText(element: Element, text: string): void {
  element.textContent = writable(text)
}

/** Removes a node together with the white space that indented it, so that no empty line stays. */
export function remove(node: Node): void {
  const before = node.previousSibling
  if (before?.nodeType === TEXT && /^\s*$/.test(before.nodeValue ?? '') && node.parentNode) node.parentNode.removeChild(before)
  node.parentNode?.removeChild(node)
}

/** The first child of this name, made as the last child (indented like its neighbours) where there is none. */
export function ensureChild(parent: Element, name: string): Element {
  return childNamed(parent, name) ?? appendElement(parent, name)
}

/** Appends a new element, indented like its neighbours. */
export function appendElement(parent: Element, name: string): Element {
  const document = parent.ownerDocument
  if (!document) throw new Failure('xml-invalid', 'An element outside any document cannot be edited.')
  const child = document.createElementNS(null, name)
  const last = parent.lastChild
  const indent = indentOf(parent)
  if (last?.nodeType === TEXT && /^\s*$/.test(last.nodeValue ?? '')) {
    // The last white space indents the closing tag: it stays behind the new child.
    parent.insertBefore(document.createTextNode(`${indent}  `), last)
    parent.insertBefore(child, last)
  } else {
    if (indent !== '') parent.appendChild(document.createTextNode(`${indent}  `))
    parent.appendChild(child)
    if (indent !== '') parent.appendChild(document.createTextNode(indent))
  }
  return child
}

/** The line end and spaces in front of an element, or nothing where it is not at the start of a line. */
function indentOf(element: Element): string {
  if (element.parentNode?.nodeType !== ELEMENT) return '\n'
  return /\n[ \t]*$/.exec(element.previousSibling?.nodeValue ?? '')?.[0] ?? ''
}

function writable(text: string): string {
  if (!isXmlText(text)) throw new Failure('xml-invalid', 'This text holds a character that XML does not allow.')
  return text
}
