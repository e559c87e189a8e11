import { createInterface } from 'node:readline/promises'
import { exitCodes, Stop } from './exit-code.ts'

/** Where a command talks: results on stdout, everything else on stderr, questions only where somebody can answer. */
export class Terminal {
  readonly isJson: boolean
  readonly #canAsk: boolean
  readonly #isLive: boolean
  #line = ''
  #last = ''

  constructor(options: { json: boolean }) {
    this.isJson = options.json
    this.#canAsk = process.stdin.isTTY === true && process.stderr.isTTY === true
    this.#isLive = process.stderr.isTTY === true
  }

  /** The command's result, for people or, as one JSON document, for programs. */
  result(text: string, json: unknown): void {
    this.settle()
    process.stdout.write(this.isJson ? `${JSON.stringify(json, null, 2)}\n` : `${harmless(text)}\n`)
  }

  /** A file on stdout, as it is. */
  document(text: string): void {
    this.settle()
    process.stdout.write(text)
  }

  say(text: string): void {
    this.settle()
    process.stderr.write(`${harmless(text)}\n`)
  }

  /** A line that is rewritten as things go on; where stderr is no terminal, a new line whenever `stage` changes. */
  progress(words: string, stage: string): void {
    const text = harmless(words)
    if (this.#isLive) {
      const room = (process.stderr.columns || 80) - 1
      this.#line = text.length > room ? `${text.slice(0, room - 1)}…` : text
      process.stderr.write(`\r\u001b[K${this.#line}`)
    } else if (stage !== this.#last) process.stderr.write(`${text}\n`)
    this.#last = stage
  }

  /** Ends the line that is being rewritten. */
  settle(): void {
    if (this.#line) process.stderr.write('\r\u001b[K')
    this.#line = ''
  }

  /** Resolves with the answer, or null when the user only pressed Enter. Rejects with `Stop` (6) where there is nobody to ask. */
  async ask(question: string, about: { what: string; isSecret?: boolean; signal: AbortSignal }): Promise<string | null> {
    this.settle()
    if (!this.#canAsk) throw new Stop(exitCodes.unanswered, about.what, { next: 'Run the command on a terminal, or answer it in the window of Drover.' })
    const answer = about.isSecret ? await readHidden(harmless(question), about.signal) : await readLine(harmless(question), about.signal)
    return answer === '' ? null : answer
  }

  /** True for y or yes. */
  async confirm(question: string, about: { what: string; signal: AbortSignal }): Promise<boolean> {
    return /^y(es)?$/i.test((await this.ask(`${question} [y/N] `, about)) ?? '')
  }
}

/** Names and messages come from hosts: what would move a terminal's cursor, or worse, is not passed on. */
function harmless(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '�')
}

async function readLine(question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  // readline swallows Ctrl-C of a terminal.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  try {
    return (await lines.question(question, { signal })).trim()
  } finally {
    lines.close()
  }
}

/** Shows nothing of what is typed. */
function readHidden(question: string, signal: AbortSignal): Promise<string> {
  process.stderr.write(question)
  const { stdin } = process
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  let text = ''
  return new Promise<string>((resolve, reject) => {
    const end = () => {
      stdin.off('data', hear)
      signal.removeEventListener('abort', stop)
      stdin.setRawMode(false)
      stdin.pause()
      process.stderr.write('\n')
    }
    const stop = () => {
      end()
      reject(signal.reason as Error)
    }
    const hear = (typed: string) => {
      for (const key of typed) {
        if (key === '\u0003') return process.kill(process.pid, 'SIGINT')
        if (key === '\r' || key === '\n' || key === '\u0004') {
          end()
          return resolve(text)
        }
        if (key === '\u007f' || key === '\b') text = text.slice(0, -1)
        else if (key >= ' ') text += key
      }
    }
    stdin.on('data', hear)
    stdin.resume()
    signal.addEventListener('abort', stop, { once: true })
  })
}
