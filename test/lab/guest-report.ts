import { Failure } from '../../src-main/base/failure.ts'

/** A line of the guest's program: `KEYWORD name=value name=value…`. */
export class GuestReport {
  readonly keyword: string
  readonly line: string
  readonly #fields: ReadonlyMap<string, string>

  constructor(line: string) {
    const words = line.split(' ')
    this.line = line
    this.keyword = words[0] ?? ''
    this.#fields = new Map(words.slice(1).map((word) => [word.split('=')[0] ?? '', word.slice(word.indexOf('=') + 1)]))
  }

  text(name: string): string {
    const value = this.#fields.get(name)
    if (value === undefined) throw new Failure('guest-report', `The guest's report has no ${name}.`, { evidence: this.line })
    return value
  }

  number(name: string): number {
    return Number(this.text(name))
  }
}

/** The first complete line that begins with one of the keywords; null while there is none. */
export function parseReport(text: string, keywords: readonly string[]): GuestReport | null {
  const complete = text.slice(0, text.lastIndexOf('\n') + 1)
  const line = complete.split(/\r*\n/).find((each) => keywords.some((keyword) => each.startsWith(`${keyword} `)))
  return line === undefined ? null : new GuestReport(line)
}
