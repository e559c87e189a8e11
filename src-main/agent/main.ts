import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { messageOf, Failure } from '../base/failure.ts'
import { protocolVersion } from './protocol/message.ts'
import { isMidway } from './relay/midway.ts'
import { hold } from './relay/socket-holder.ts'
import { agentFolder, agentNames } from './server/agent-paths.ts'
import { bridge, isServing } from './server/bridge.ts'
import { serve } from './server/serve.ts'

// The program that Drover uploads to a host: `agent attach` is what it runs over SSH, `agent serve` what that starts behind itself, `agent hold` what keeps a socket of QEMU open when that dies.
const program = fileURLToPath(import.meta.url)
/** The content is the version: the desktop names the file after the same digest. */
const version = createHash('sha256').update(readFileSync(program)).digest('hex').slice(0, 16)

async function run(command: string | undefined, word = ''): Promise<void> {
  if (command === 'hold') return hold(() => isMidway(word))
  const folder = agentFolder()
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // Sockets are named relative to it.
  process.chdir(folder)
  if (command === 'serve') return serve({ version, names: agentNames() })
  if (command === 'attach') return bridge(program, agentNames().socket)
  if (command === 'state') return void console.log((await isServing(agentNames().socket)) ? 'running' : 'uploaded')
  if (command === 'version') return void console.log(JSON.stringify({ version, protocol: protocolVersion, node: process.version }))
  throw new Failure('agent-usage', 'usage: agent serve | attach | state | version')
}

run(process.argv[2], process.argv[3]).then(
  () => process.exit(0),
  (thrown: unknown) => {
    console.error(thrown instanceof Failure && thrown.evidence ? `${thrown.message} ${thrown.evidence}` : messageOf(thrown))
    process.exit(1)
  },
)
