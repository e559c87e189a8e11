import type { Finding, Fix } from '../../../contract/migration.ts'

type Rest = { readonly evidence?: string | undefined; readonly next?: string; readonly fix?: Fix }

/** Findings about one subject; absent evidence is left out rather than said to be undefined. */
export function about(subject: string) {
  const say =
    (severity: Finding['severity']) =>
    (code: string, message: string, { evidence, next, fix }: Rest = {}): Finding => ({
      severity,
      code,
      subject,
      message,
      ...(evidence ? { evidence } : {}),
      ...(next ? { next } : {}),
      ...(fix ? { fix } : {}),
    })
  return { error: say('error'), warning: say('warning'), note: say('note') }
}

/** `1, 2 and 3`. */
export function list(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** KiB as GiB or MiB for a sentence. */
export function amount(kib: number): string {
  return kib >= 1024 ** 2 ? `${(kib / 1024 ** 2).toFixed(1)} GiB` : `${Math.round(kib / 1024)} MiB`
}
