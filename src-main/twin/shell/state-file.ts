import { PassThrough, Readable, Writable } from 'node:stream'
import type { RemoteProcess } from '../../transport/transport.ts'
import type { Machine } from '../machine.ts'

/** `cat PATH` and `dd of=PATH …` over the files of saved guests; null for any other program. */
export function stateFile(machine: Machine, argv: readonly string[]): RemoteProcess | null {
  const [program, word = ''] = argv
  if (program === 'cat') {
    const state = machine.states.get(word)
    const stdout = Readable.from(state ? [state] : [])
    return ended({ stdin: new PassThrough(), stdout, exited: Promise.resolve({ code: state ? 0 : 1, signal: null }) })
  }
  if (program !== 'dd' || !word.startsWith('of=')) return null
  const pieces: Buffer[] = []
  let done: (end: { code: number | null; signal: string | null }) => void = () => {}
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => (done = resolve))
  const stdin = new Writable({
    write(piece: Buffer, _, next) {
      pieces.push(piece)
      next()
    },
    final(next) {
      machine.states.set(word.slice('of='.length), Buffer.concat(pieces))
      done({ code: 0, signal: null })
      next()
    },
    destroy(thrown, next) {
      done({ code: 1, signal: null })
      next(thrown)
    },
  })
  return ended({ stdin, stdout: Readable.from([]), exited })
}

function ended(streams: Pick<RemoteProcess, 'stdin' | 'stdout' | 'exited'>): RemoteProcess {
  const close = () => void streams.stdin.destroy()
  return { ...streams, stderr: new PassThrough(), kill: close, close }
}
