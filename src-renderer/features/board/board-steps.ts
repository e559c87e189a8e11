export interface Place {
  readonly key: string
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/**
 * Where an arrow leads on the board. Left and right go along the order, up and down to the nearest thing whose middle lies that way, nearest meaning
 * mostly in line. Null where there is nothing.
 */
export function stepOnBoard(places: readonly Place[], from: string | null, arrow: 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown'): string | null {
  const at = places.findIndex((place) => place.key === from)
  const here = places[at]
  if (!here) return places[0]?.key ?? null
  if (arrow === 'ArrowRight') return places[at + 1]?.key ?? null
  if (arrow === 'ArrowLeft') return places[at - 1]?.key ?? null
  const x = here.left + Math.min(here.width, 80) / 2
  const y = here.top + here.height / 2
  let best: { key: string; distance: number } | null = null
  for (const place of places) {
    const down = (place.top + place.height / 2 - y) * (arrow === 'ArrowDown' ? 1 : -1)
    if (place === here || down <= 2) continue
    const aside = Math.max(place.left - x, x - place.left - place.width, 0)
    const distance = down + aside * 3
    if (best === null || distance < best.distance) best = { key: place.key, distance }
  }
  return best?.key ?? null
}
