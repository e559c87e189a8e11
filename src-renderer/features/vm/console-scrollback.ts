/** How much of a serial console is kept in memory, so that a VM that moved, or a tab that comes back, shows what was said before. */
const limitBytes = 256 * 1024
const limitConsoles = 8

interface Kept {
  chunks: Uint8Array<ArrayBuffer>[]
  bytes: number
}

const consoles = new Map<string, Kept>()

/** Notes what the console of a VM (by its uuid) said. The oldest is forgotten. Never stored anywhere but here. */
export function keepScrollback(uuid: string, bytes: Uint8Array<ArrayBuffer>): void {
  const kept = consoles.get(uuid) ?? { chunks: [], bytes: 0 }
  consoles.delete(uuid)
  consoles.set(uuid, kept)
  kept.chunks.push(bytes)
  kept.bytes += bytes.length
  while (kept.bytes > limitBytes && kept.chunks.length > 1) kept.bytes -= kept.chunks.shift()?.length ?? 0
  const [oldest] = consoles.keys()
  if (consoles.size > limitConsoles && oldest !== undefined) consoles.delete(oldest)
}

/** What {@link keepScrollback} has of a VM, oldest first. */
export function scrollbackOf(uuid: string): readonly Uint8Array<ArrayBuffer>[] {
  return consoles.get(uuid)?.chunks ?? []
}

export function forgetScrollback(uuid: string): void {
  consoles.delete(uuid)
}
