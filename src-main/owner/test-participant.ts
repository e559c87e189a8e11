import { createInterface } from 'node:readline'
import { createLog } from '../base/log.ts'
import type { Wire } from '../base/wire.ts'
import { Profile } from './profile.ts'

// A process of its own for profile.test.ts: takes part in the profile named on its command line and tells its role. `ask TEXT` on stdin asks the owner, whose
// services here answer with their pid; `close` ends it properly.
const [folder = '', version = '1.0.0'] = process.argv.slice(2)
const tell = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`)

const profile = new Profile({
  folder,
  version,
  caller: { shell: 'browser' },
  log: createLog('participant', 'silent'),
  async createServices() {
    const wires = new Set<Wire>()
    return {
      serve(wire, { shell }) {
        wires.add(wire)
        wire.onDidReceive((message) => wire.send(typeof message === 'string' ? `${process.pid} heard ${message} from ${shell}` : message))
      },
      async close() {
        for (const wire of wires) wire.close()
      },
    }
  },
})
profile.onDidChangeRole((role) => tell({ role: role.kind, ...(role.kind === 'seeking' && { problem: role.problem?.code ?? null }) }))
tell({ role: profile.role.kind, pid: process.pid })

const ask = async (text: string) => {
  try {
    const wire = await profile.connect()
    wire.onDidReceive((message) => tell({ answer: String(message) }))
    wire.onDidClose(() => tell({ closed: text }))
    wire.send(text)
  } catch (thrown) {
    tell({ failed: (thrown as { code?: string }).code ?? String(thrown) })
  }
}
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'close') void profile.close().then(() => process.exit(0))
    else void ask(line.replace(/^ask /, ''))
  })
  .on('close', () => process.exit(0))
