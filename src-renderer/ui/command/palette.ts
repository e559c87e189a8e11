import { shallowRef } from 'vue'

export const isPaletteOpen = shallowRef(false)
export const isSheetOpen = shallowRef(false)

/** A place to go that the palette offers beside commands: a host, a VM, a page. */
export interface PaletteEntry {
  readonly id: string
  readonly title: string
  readonly detail: string
  readonly glyph?: string
  readonly icon?: string
  readonly keywords?: string
  /** Why it may not run, if it may not. */
  readonly reason?: string
  readonly shortcut?: string
  run(): void
}

/**
 * How well `text` answers what was typed: 0 not at all, higher is better. All words must be found; a beginning beats the begin of a word, which
 * beats a part of one.
 */
export function scoreMatch(query: string, title: string, more: string): number {
  let score = 1
  const lower = title.toLowerCase()
  const rest = more.toLowerCase()
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const at = lower.indexOf(word)
    if (at === 0) score += 8
    else if (at > 0) score += /[\s\-_./(]/.test(lower[at - 1] ?? '') ? 5 : 3
    else if (rest.includes(word)) score += 1
    else return 0
  }
  return score + 1 / (1 + title.length)
}

/** The best `limit` entries for what was typed, best first; all in their order when nothing was. */
export function rankEntries<T extends Pick<PaletteEntry, 'title' | 'detail' | 'keywords' | 'reason'>>(query: string, entries: Iterable<T>, limit: number): T[] {
  const scored: { entry: T; score: number }[] = []
  for (const entry of entries) {
    const score = scoreMatch(query, entry.title, `${entry.detail} ${entry.keywords ?? ''}`)
    if (score > 0) scored.push({ entry, score: score - (entry.reason === undefined ? 0 : 0.5) })
  }
  return scored.sort((a, b) => b.score - a.score).slice(0, limit).map(({ entry }) => entry)
}
