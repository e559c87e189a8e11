const compiled = new Map<string, RegExp>()

/** Matches one pattern of ssh_config(5) or sshd(8): `*` is any run of characters, `?` exactly one; everything else stands for itself. */
export function matchesPattern(text: string, pattern: string): boolean {
  let expression = compiled.get(pattern)
  if (!expression) {
    // Runs of stars are one star: it keeps a hostile known_hosts line from making the engine backtrack for ever.
    const source = pattern
      .replace(/\*+/g, '*')
      .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')
    expression = new RegExp(`^${source}$`, 's')
    if (compiled.size > 2000) compiled.clear()
    compiled.set(pattern, expression)
  }
  return expression.test(text)
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
