import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'

/** python3-libvirt in a process of its own, with its connections open: what a script of an admin would be. */
export class PythonClient {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: Interface
  readonly #waiting: ((line: string) => void)[] = []

  constructor(environment: NodeJS.ProcessEnv) {
    this.#child = spawn('/usr/bin/python3', [join(import.meta.dirname, 'python-client.py')], { env: environment })
    this.#child.stderr.pipe(process.stderr)
    this.#lines = createInterface({ input: this.#child.stdout })
    this.#lines.on('line', (line) => this.#waiting.shift()?.(line))
  }

  /** One command; rejects with what Python said. */
  async ask(command: Record<string, unknown>): Promise<{ ms: number; domains: number }> {
    const line = await new Promise<string>((resolve) => {
      this.#waiting.push(resolve)
      this.#child.stdin.write(`${JSON.stringify(command)}\n`)
    })
    const answer = JSON.parse(line) as { error?: string; ms: number; domains: number }
    if (answer.error) throw new Error(answer.error)
    return answer
  }

  close(): void {
    this.#lines.close()
    this.#child.stdin.end()
    this.#child.kill()
  }
}
