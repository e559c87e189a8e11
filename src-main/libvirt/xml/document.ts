import { DOMParser, MIME_TYPE, XMLSerializer, type Document, type Element, type Node } from '@xmldom/xmldom'
import { Failure } from '../../base/failure.ts'
import { checkMarkup } from './markup-check.ts'

export type { Document, Element, Node }

/**
 * Parses a document from libvirt or a person, strictly: what a validating parser would refuse is refused, and so are document types,
 * entity declarations and documents beyond {@link MARKUP_LIMITS}.
 * @throws Failure `xml-invalid`, with line and column as evidence; never anything else
 */
export function parseDocument(source: string): Document {
  const text = source.charCodeAt(0) === 0xfeff ? source.slice(1) : source
  checkMarkup(text)
  try {
    // Places cost a quarter of the time, and only a broken document needs them: it is parsed twice.
    return parse(text, false)
  } catch {
    return parse(text, true)
  }
}

function parse(text: string, hasPlaces: boolean): Document {
  let problem: Failure<'xml-invalid'> | undefined
  const parser = new DOMParser({
    locator: hasPlaces,
    // XML 1.0, section 2.11. The package's default also folds U+2028 and U+0085, as only XML 1.1 asks.
    normalizeLineEndings: (input) => input.replace(/\r\n?/g, '\n'),
    onError: (_level, message, context) => {
      // A replacement character is an ordinary character here: bytes were decoded long before.
      if (message.startsWith('Unicode replacement character')) return
      problem ??= unreadable(message, locationOf(context))
      throw problem
    },
  })
  try {
    return parser.parseFromString(text, MIME_TYPE.XML_TEXT)
  } catch (thrown) {
    throw problem ?? unreadable(thrown instanceof Error ? thrown.message : 'it is not well-formed', undefined)
  }
}

/**
 * Parses a document and answers its root element.
 * @throws Failure `xml-invalid`, also when the root is not called `name`
 */
export function parseRoot(source: string, name: string): Element {
  const root = parseDocument(source).documentElement
  if (!root || root.nodeName !== name) {
    const reason = `its root is <${root?.nodeName.slice(0, 80) ?? ''}>, not <${name}>`
    throw new Failure('xml-invalid', `This XML cannot be read: ${reason}.`, { evidence: reason })
  }
  return root
}

/** The text of a document or element, without the nodes for which `isLeftOut` holds. Parsing it again gives the same tree. */
export function serialise(node: Node, isLeftOut: (node: Node) => boolean = () => false): string {
  const text = new XMLSerializer().serializeToString(node, { nodeFilter: (each) => (isLeftOut(each) ? null : each) })
  // Line ends were normalised when parsing, so a carriage return stands for one that was written as a reference, and must be again.
  return text.replaceAll('\r', '&#13;')
}

function unreadable(message: string, location: string | undefined): Failure<'xml-invalid'> {
  // The parser quotes the document in its messages, which may hold a password: only what stands before the quotation is kept.
  const reason = /^Opening and ending tag mismatch/.test(message)
    ? message.slice(0, 200)
    : (message.split(/["':&]/, 1)[0] ?? '').trim().slice(0, 120)
  const said = reason === '' ? 'it is not well-formed' : reason
  return new Failure('xml-invalid', `This XML cannot be read: ${said}.`, {
    evidence: location === undefined ? said : `${location}: ${said}`,
  })
}

function locationOf(context: unknown): string | undefined {
  const locator = (context as { locator?: { lineNumber?: number; columnNumber?: number } } | undefined)?.locator
  return locator?.lineNumber ? `line ${locator.lineNumber}, column ${locator.columnNumber ?? 1}` : undefined
}
