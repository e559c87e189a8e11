/** A stretch of a text: from, up to and without. */
export type Stretch = readonly [from: number, to: number]

/** Where `query` is found, without case, first to last and never overlapping; at most `limit`, so that a single letter in a large text stays quick. */
export function findMatches(text: string, query: string, limit = 5000): Stretch[] {
  if (query === '') return []
  const found: Stretch[] = []
  // A pattern rather than lower-casing both: that can change lengths.
  const pattern = new RegExp(query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'giu')
  for (const match of text.matchAll(pattern)) {
    found.push([match.index, match.index + match[0].length])
    if (found.length === limit) break
  }
  return found
}

export type XmlPart = 'tag' | 'attribute' | 'value' | 'comment'

/** Where the parts of a piece of XML are, for colouring only: it is cut by signs, not checked. */
export function xmlParts(xml: string): Record<XmlPart, Stretch[]> {
  const parts: Record<XmlPart, Stretch[]> = { tag: [], attribute: [], value: [], comment: [] }
  for (const match of xml.matchAll(/<!--[\s\S]*?-->|<[/?!]?([\w:.-]+)((?:[^<>"']|"[^"]*"|'[^']*')*)>/g)) {
    const [whole, name, rest] = match
    if (name === undefined) {
      parts.comment.push([match.index, match.index + whole.length])
      continue
    }
    const nameAt = match.index + whole.indexOf(name)
    parts.tag.push([nameAt, nameAt + name.length])
    const restAt = nameAt + name.length
    for (const attribute of (rest ?? '').matchAll(/([\w:.-]+)\s*=\s*("[^"]*"|'[^']*')/g)) {
      const [all, key = '', value = ''] = attribute
      const at = restAt + attribute.index
      parts.attribute.push([at, at + key.length])
      parts.value.push([at + all.length - value.length, at + all.length])
    }
  }
  return parts
}
