import { Failure } from '../base/failure.ts'

/** One directive of an ssh_config file. */
export interface ConfigLine {
  readonly file: string
  readonly lineNumber: number
  /** The line as written, without surrounding blanks. */
  readonly text: string
  /** In lower case. */
  readonly keyword: string
  /** Everything after the keyword, unparsed: what ProxyCommand and Match take. */
  readonly rest: string
  /** The arguments, with quotes and escapes undone. */
  readonly args: readonly string[]
}

/** A complaint about a line of a configuration file, naming the place as an editor can jump to it. */
export function configFailure(line: Pick<ConfigLine, 'file' | 'lineNumber' | 'text'>, why: string): Failure<'ssh-config-invalid'> {
  return new Failure('ssh-config-invalid', `The SSH configuration cannot be used: ${why}.`, {
    evidence: `${line.file}:${line.lineNumber}: ${line.text}`,
    next: `Correct line ${line.lineNumber} of ${line.file}; “ssh -G host” shows how OpenSSH reads it.`,
  })
}

/**
 * Splits arguments as OpenSSH's argv_split does: blanks separate, both kinds of quotes group, a backslash escapes a quote, a backslash or
 * (outside of quotes) a blank, and a word that begins with # ends the line. Null where a quote is left open.
 */
export function splitArguments(text: string): string[] | null {
  const words: string[] = []
  let at = 0
  while (at < text.length) {
    if (text[at] === ' ' || text[at] === '\t') {
      at++
      continue
    }
    if (text[at] === '#') break
    let word = ''
    let quote = ''
    for (; at < text.length; at++) {
      const char = text[at]!
      const next = text[at + 1]
      if (char === '\\' && (next === "'" || next === '"' || next === '\\' || (quote === '' && next === ' '))) {
        word += next
        at++
      } else if (quote === '' && (char === ' ' || char === '\t')) break
      else if (quote === '' && (char === '"' || char === "'")) quote = char
      else if (quote !== '' && char === quote) quote = ''
      else word += char
    }
    if (quote !== '') return null
    words.push(word)
  }
  return words
}

/** Reads the directives of a configuration file, in order. Throws `ssh-config-invalid` with the line's place. */
export function parseConfig(text: string, file: string): ConfigLine[] {
  const lines: ConfigLine[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const trimmed = raw.replace(/[ \t\r\f]+$/, '').replace(/^[ \t\r]+/, '')
    if (trimmed === '' || trimmed.startsWith('#')) continue
    // The keyword ends at a blank or at one equals sign with blanks around it (readconf.c, strdelim).
    const match = /^(?:"([^"]*)"|([^ \t=]+))(?:[ \t]*=[ \t]*|[ \t]+)?(.*)$/s.exec(trimmed)
    const place = { file, lineNumber: index + 1, text: trimmed }
    const keyword = (match?.[1] ?? match?.[2] ?? '').toLowerCase()
    const rest = match?.[3] ?? ''
    if (keyword === '') throw configFailure(place, 'a line has no keyword')
    if (rest === '') throw configFailure(place, `“${keyword}” has no argument`)
    // These take the rest of the line as it is; quotes in it are a shell's.
    const isRaw = keyword === 'proxycommand' || keyword === 'localcommand' || keyword === 'remotecommand' || keyword === 'match'
    const args = isRaw ? [rest] : splitArguments(rest)
    if (args === null) throw configFailure(place, 'a quotation mark is not closed')
    lines.push({ ...place, keyword, rest, args })
  }
  return lines
}
