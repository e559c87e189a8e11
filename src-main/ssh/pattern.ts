/**
 * Matches one pattern of ssh_config(5) or sshd(8): `*` is any run of characters, `?` exactly one; everything else stands for itself.
 * Goes back to the last star only, so that no pattern takes longer than its length times the text's: known_hosts may hold anything.
 */
export function matchesPattern(text: string, pattern: string): boolean {
  let at = 0
  let to = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    if (pattern[to] === '*') {
      star = to++
      resume = at
    } else if (to < pattern.length && (pattern[to] === '?' || pattern[to] === text[at])) {
      at++
      to++
    } else if (star >= 0) {
      to = star + 1
      at = ++resume
    } else return false
  }
  while (pattern[to] === '*') to++
  return to === pattern.length
}

/** Matches a pattern list: any positive pattern has to match, and no negated one (`!pattern`) may. Empty patterns match nothing. */
export function matchesPatternList(text: string, patterns: readonly string[]): boolean {
  let isMatched = false
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(text, pattern.slice(1))) return false
    } else if (pattern !== '' && matchesPattern(text, pattern)) isMatched = true
  }
  return isMatched
}
