/**
 * The numbers of a libvirt CPU or node set, ascending: `0-3,^2,8` is 0, 1, 3, 8. Undefined where the text is none.
 * `limit` is the highest number accepted (libvirt's VIR_DOMAIN_CPUMASK_LEN is 16384).
 */
export function parseCpuSet(text: string, limit = 16_383): readonly number[] | undefined {
  const set = new Set<number>()
  for (const part of text.split(',').map((piece) => piece.trim())) {
    const range = /^(\^?)(\d{1,5})(?:-(\d{1,5}))?$/.exec(part)
    if (!range) return undefined
    const first = Number(range[2])
    const last = range[3] === undefined ? first : Number(range[3])
    if (last < first || last > limit) return undefined
    for (let number = first; number <= last; number += 1) {
      if (range[1] === '^') set.delete(number)
      else set.add(number)
    }
  }
  return [...set].sort((a, b) => a - b)
}

/** The shortest text for a set of numbers: 0, 1, 2, 5 is `0-2,5`. */
export function formatCpuSet(numbers: Iterable<number>): string {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b)
  const parts: string[] = []
  for (let at = 0; at < sorted.length;) {
    let end = at
    while (end + 1 < sorted.length && sorted[end + 1] === (sorted[end] ?? 0) + 1) end += 1
    parts.push(end === at ? `${sorted[at]}` : `${sorted[at]}-${sorted[end]}`)
    at = end + 1
  }
  return parts.join(',')
}
