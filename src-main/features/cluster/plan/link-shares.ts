/** A move that uses the network. Bytes per second. */
export interface Flow {
  readonly source: string
  readonly destination: string
  /** What it takes when it is alone. */
  readonly rate: number
}

/**
 * What each of the flows gets when all go on at once: max-min fair over the sending and the receiving side of every host, and over all of a host's traffic where a
 * budget is set (Bertsekas and Gallager, Data Networks, 6.5.2). `line`: what a host's side of the network carries, bytes per second.
 */
export function shareOut(flows: readonly Flow[], line: (host: string, side: 'out' | 'in') => number, budget: number | null): number[] {
  const resources = new Map<string, { left: number; users: Set<number> }>()
  const use = (key: string, capacity: number, i: number) => {
    const known = resources.get(key)
    if (known) known.users.add(i)
    else resources.set(key, { left: capacity, users: new Set([i]) })
  }
  flows.forEach(({ source, destination }, i) => {
    use(`out ${source}`, line(source, 'out'), i)
    use(`in ${destination}`, line(destination, 'in'), i)
    if (budget === null) return
    use(`all ${source}`, budget, i)
    use(`all ${destination}`, budget, i)
  })
  const given = flows.map(() => 0)
  const open = new Set(flows.keys())
  while (open.size > 0) {
    let least = Infinity
    for (const { left, users } of resources.values()) if (users.size > 0) least = Math.min(least, left / users.size)
    const slow = [...open].filter((i) => flows[i]!.rate <= least)
    // Those that want less than an equal share get what they want; else the tightest place gives all its users the same.
    const settled = slow.length > 0 ? slow : [...open].filter((i) => [...resources.values()].some(({ left, users }) => users.has(i) && left / users.size <= least * (1 + 1e-9)))
    if (settled.length === 0) break
    for (const i of settled) {
      given[i] = Math.max(0, Math.min(flows[i]!.rate, least))
      open.delete(i)
      for (const resource of resources.values()) if (resource.users.delete(i)) resource.left = Math.max(0, resource.left - given[i])
    }
  }
  return given
}
