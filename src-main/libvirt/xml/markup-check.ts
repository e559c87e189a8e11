import { Failure } from '../../base/failure.ts'

/**
 * What a document may be at most. libvirt's own limit for a string on the wire is 4 MiB; a real domain is some 10 kB, the capabilities
 * of a host with 2,000 CPUs some 300 kB. Children are bounded because the DOM takes time in proportion to the neighbours for every edit.
 */
export const MARKUP_LIMITS = { characters: 8 * 1024 * 1024, depth: 200, marks: 100_000, children: 8_192, attributes: 1_000 } as const

const QUOTE = 0x22
const APOSTROPHE = 0x27
const SLASH = 0x2f
const LESS = 0x3c
const GREATER = 0x3e
const BANG = 0x21
const QUESTION = 0x3f

/** The failure for markup that is broken or refused at `offset`; the sentence never quotes the document, which may hold secrets. */
export function invalidMarkup(reason: string, source: string, offset: number): Failure<'xml-invalid'> {
  let line = 1
  let start = 0
  for (let at = source.indexOf('\n'); at >= 0 && at < offset; at = source.indexOf('\n', at + 1)) {
    line += 1
    start = at + 1
  }
  return new Failure('xml-invalid', `This XML cannot be read: ${reason}.`, {
    evidence: `line ${line}, column ${offset - start + 1}: ${reason}`,
  })
}

/**
 * One linear pass before parsing: refuses what could exhaust the parser (size, depth, number of tags, attributes), document types and
 * entity declarations, characters outside XML 1.0's Char production, and what the parser is too kind to. The rest of well-formedness is
 * the parser's to judge.
 * @throws Failure `xml-invalid`
 */
export function checkMarkup(source: string): void {
  if (source.length > MARKUP_LIMITS.characters) throw invalidMarkup(`it is larger than ${MARKUP_LIMITS.characters} characters`, '', 0)
  checkCharacters(source)
  let depth = 0
  let marks = 0
  let end = 0
  const children = new Uint32Array(MARKUP_LIMITS.depth + 1)
  // Most documents have neither; asking once spares a look at every tag.
  const suspects = { references: source.includes('&'), sectionEnds: source.includes(']]>') }
  for (let open = source.indexOf('<'); open >= 0; open = source.indexOf('<', end)) {
    if (++marks > MARKUP_LIMITS.marks) throw invalidMarkup(`it has more than ${MARKUP_LIMITS.marks} tags`, source, open)
    checkText(source, end, open, depth === 0, suspects)
    end = endOfMark(source, open)
    const second = source.charCodeAt(open + 1)
    const isEndTag = second === SLASH
    if (!isEndTag && (children[depth] = (children[depth] ?? 0) + 1) > MARKUP_LIMITS.children) {
      throw invalidMarkup(`an element has more than ${MARKUP_LIMITS.children} children`, source, open)
    }
    if (second === BANG || second === QUESTION) continue
    if (suspects.references) checkReferences(source, open, end)
    if (isEndTag) depth = Math.max(0, depth - 1)
    else if (source.charCodeAt(end - 2) !== SLASH) children[++depth] = 0
    if (depth > MARKUP_LIMITS.depth) throw invalidMarkup(`it is nested deeper than ${MARKUP_LIMITS.depth} elements`, source, open)
  }
  checkText(source, end, source.length, depth === 0, suspects)
}

/** The offset behind the tag, comment, CDATA section or instruction that starts at `open`. */
function endOfMark(source: string, open: number): number {
  const second = source.charCodeAt(open + 1)
  if (second === QUESTION) return behind(source, '?>', open, 2, 'an instruction is not closed')
  if (second === BANG) {
    if (source.startsWith('<!--', open)) return behind(source, '-->', open, 4, 'a comment is not closed')
    if (source.startsWith('<![CDATA[', open)) return behind(source, ']]>', open, 9, 'a CDATA section is not closed')
    throw invalidMarkup('document types and entity declarations are refused', source, open)
  }
  let attributes = 0
  for (let at = open + 1; at < source.length; at += 1) {
    const code = source.charCodeAt(at)
    if (code === GREATER) return at + 1
    if (code === LESS) throw invalidMarkup('a tag is not closed', source, open)
    // The parser takes `<a/ >` for a closed element.
    if (code === SLASH && at > open + 1 && source.charCodeAt(at + 1) !== GREATER)
      throw invalidMarkup('a slash stands inside a tag', source, at)
    if (code !== QUOTE && code !== APOSTROPHE) continue
    if (++attributes > MARKUP_LIMITS.attributes)
      throw invalidMarkup(`an element has more than ${MARKUP_LIMITS.attributes} attributes`, source, open)
    at = source.indexOf(source.charAt(at), at + 1)
    if (at < 0) break
  }
  throw invalidMarkup('a tag is not closed', source, open)
}

function behind(source: string, close: string, open: number, skip: number, reason: string): number {
  const at = source.indexOf(close, open + skip)
  if (at < 0) throw invalidMarkup(reason, source, open)
  return at + close.length
}

// XML 1.0 (fifth edition), production 2: Char. A lone surrogate is matched by \p{Cs} in a `u` pattern, a pair is not.
const NOT_CHAR = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Cs}/u
const REFERENCE = /&(?:(lt|gt|amp|quot|apos)|#x([0-9a-fA-F]{1,8})|#([0-9]{1,10}));|&/g

/** Whether a text may stand in an XML 1.0 document at all. */
export function isXmlText(text: string): boolean {
  return !NOT_CHAR.test(text)
}

function checkCharacters(source: string): void {
  const found = NOT_CHAR.exec(source)
  if (found) throw invalidMarkup('it holds a character that XML does not allow', source, found.index)
}

// The parser lets `& ` and `]]>` in text pass, and JavaScript's idea of white space behind the root; libxml2, and so libvirt, does not.
function checkText(source: string, from: number, to: number, isOutside: boolean, suspects: Suspects): void {
  if (from === to || !(isOutside || suspects.references || suspects.sectionEnds)) return
  const text = source.slice(from, to)
  const outside = isOutside ? text.search(/[^ \t\r\n]/) : -1
  if (outside >= 0) throw invalidMarkup('text stands outside the root element', source, from + outside)
  const stray = text.indexOf(']]>')
  if (stray >= 0) throw invalidMarkup('the end of a CDATA section stands alone', source, from + stray)
  if (suspects.references) checkReferences(source, from, to)
}

interface Suspects {
  readonly references: boolean
  readonly sectionEnds: boolean
}

function checkReferences(source: string, from: number, to: number): void {
  for (const found of source.slice(from, to).matchAll(REFERENCE)) {
    const [, name, hexadecimal, decimal] = found
    if (name !== undefined) continue
    const code = hexadecimal === undefined ? parseInt(decimal ?? '', 10) : parseInt(hexadecimal, 16)
    if (Number.isNaN(code)) throw invalidMarkup('an ampersand begins no reference that XML defines', source, from + found.index)
    if (code > 0x10ffff || !isXmlText(String.fromCodePoint(code))) {
      throw invalidMarkup('it refers to a character that XML does not allow', source, from + found.index)
    }
  }
}
