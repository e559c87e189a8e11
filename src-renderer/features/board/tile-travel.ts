const live = new Map<string, Set<HTMLElement>>()
const left = new Map<string, { readonly box: DOMRect; readonly at: number }>()
/** How long a tile that left may be awaited elsewhere: the two hosts tell in different frames. */
const patienceMs = 3000

/** A tile of the VM `uuid` came on screen. If the VM's other tile is or was just there, it travels from it. */
export function tileMounted(uuid: string, tile: HTMLElement): void {
  const tiles = live.get(uuid) ?? new Set()
  live.set(uuid, tiles.add(tile))
  const gone = left.get(uuid)
  left.delete(uuid)
  if (gone && performance.now() - gone.at < patienceMs) travel(tile, gone.box)
}

/** A tile is about to go. If the VM has another one on screen (it arrived), that one travels from here. */
export function tileLeaving(uuid: string, tile: HTMLElement): void {
  const tiles = live.get(uuid)
  tiles?.delete(tile)
  const [other] = tiles ?? []
  if (tiles?.size === 0) live.delete(uuid)
  const box = tile.getBoundingClientRect()
  if (other) travel(other, box)
  else left.set(uuid, { box, at: performance.now() })
}

/** A tile goes off screen, not away: nothing travels. */
export function tileHidden(uuid: string, tile: HTMLElement): void {
  const tiles = live.get(uuid)
  tiles?.delete(tile)
  if (tiles?.size === 0) live.delete(uuid)
}

function travel(tile: HTMLElement, from: DOMRect): void {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
  // The other tile leaves in the same turn, and the layout settles after it.
  requestAnimationFrame(() => {
    const to = tile.getBoundingClientRect()
    if (from.width === 0 || to.width === 0) return
    tile.animate([{ transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)`, zIndex: 3 }, { transform: 'none', zIndex: 3 }], {
      duration: 420,
      easing: 'cubic-bezier(0.2, 0.8, 0.2, 1)',
    })
  })
}
