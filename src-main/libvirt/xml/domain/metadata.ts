import type { Element } from '../document.ts'
import { childNamed, childrenOf, descendantsOf } from '../edit.ts'
import { make, write } from '../make.ts'

const MOST_TAGS = 64

/** What the `<metadata>` of a domain says. https://libvirt.org/formatdomain.html#general-metadata */
export interface Metadata {
  /** Tags of Drover and of any other tool that calls an element `tag` or `tags`, without duplicates, in order. */
  readonly tags: readonly string[]
  /** libosinfo's id of the guest's system, such as `http://debian.org/debian/12`. */
  readonly osId: string | undefined
  /** Namespaces of the tools that left something here. */
  readonly namespaces: readonly string[]
}

/** Reads the domain element's metadata; never fails, for other tools write what they like. */
export function readMetadata(domain: Element): Metadata {
  const metadata = childNamed(domain, 'metadata')
  if (!metadata) return { tags: [], osId: undefined, namespaces: [] }
  const tags = new Set<string>()
  let osId: string | undefined
  for (const element of descendantsOf(metadata)) {
    const name = element.localName
    if (name === 'os') osId ??= element.getAttribute('id') ?? undefined
    if (name !== 'tag' && !(name === 'tags' && childrenOf(element).length === 0)) continue
    for (const tag of (element.getAttribute('name') ?? element.textContent ?? '').split(name === 'tags' ? /[,;\s]+/ : /\n/)) {
      const trimmed = tag.trim().slice(0, 100)
      if (trimmed !== '' && tags.size < MOST_TAGS) tags.add(trimmed)
    }
  }
  const namespaces = childrenOf(metadata).flatMap((child) => child.namespaceURI ?? [])
  return { tags: [...tags], osId, namespaces: [...new Set(namespaces)] }
}

/** The element for DomainSetMetadata (type element, under a namespace of Drover's own); libvirt adds the namespace. */
export function makeTags(tags: readonly string[]): string {
  return write(make('tags', {}, ...tags.map((tag) => make('tag', {}, tag))))
}
