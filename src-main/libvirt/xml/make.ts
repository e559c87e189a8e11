import { Failure } from '../../base/failure.ts'
import { isXmlText } from './markup-check.ts'

/** An element to be written: what the make functions of this room answer, and what {@link write} turns into text. */
export interface Made {
  readonly name: string
  readonly attributes: Readonly<Record<string, string | number | undefined>>
  readonly children: readonly (Made | string)[]
}

/** An element. Attributes and children that are undefined are left out; strings are text, escaped when written. */
export function make(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
  ...children: readonly (Made | string | number | undefined)[]
): Made {
  return {
    name,
    attributes,
    children: children.filter((child) => child !== undefined).map((child) => (typeof child === 'number' ? `${child}` : child)),
  }
}

/** The element as text, indented by two spaces a level. @throws Failure `xml-invalid` for text that XML cannot hold */
export function write(made: Made, indent = ''): string {
  const attributes = Object.entries(made.attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}='${escaped(`${value}`)}'`)
    .join('')
  if (made.children.length === 0) return `${indent}<${made.name}${attributes}/>\n`
  if (made.children.some((child) => typeof child === 'string')) {
    const inner = made.children.map((child) => (typeof child === 'string' ? escaped(child) : write(child).trimEnd())).join('')
    return `${indent}<${made.name}${attributes}>${inner}</${made.name}>\n`
  }
  const inner = made.children.map((child) => (typeof child === 'string' ? '' : write(child, `${indent}  `))).join('')
  return `${indent}<${made.name}${attributes}>\n${inner}${indent}</${made.name}>\n`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

function escaped(text: string): string {
  if (!isXmlText(text)) throw new Failure('xml-invalid', 'This text holds a character that XML does not allow.')
  return text.replace(/[&<>"'\t\n\r]/g, (character) => ESCAPES[character] ?? character)
}
