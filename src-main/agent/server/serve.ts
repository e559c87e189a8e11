import { closeSync, openSync, writeSync } from 'node:fs'
import { driveMove } from '../drive-move.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import { pageRoles } from '../relay/page-roles.ts'
import { sampleHere } from '../sample/sample-here.ts'
import { openAgentLog } from './agent-log.ts'
import type { AgentNames } from './agent-paths.ts'
import { AgentServer } from './agent-server.ts'
import { Histories } from './histories.ts'
import { listenOnSocket } from './socket-listener.ts'

/** Says that the socket takes connections, then lets go of the pipe to whoever started this. */
function sayReady(): void {
  try {
    writeSync(1, 'ready\n')
    closeSync(1)
    // Descriptor 1 must not become a socket's by chance.
    openSync('/dev/null', 'w')
  } catch {
    // Started by hand with stdout closed.
  }
}

/** The agent's server process, in the agent's folder. Resolves when it is idle and may end. */
export async function serve({ version, names }: { version: string; names: AgentNames }): Promise<void> {
  const log = openAgentLog(names.log)
  // SSH hangs up, the terminal goes: neither is a reason to leave a VM between two hosts.
  process.on('SIGHUP', () => {})
  process.on('SIGINT', () => {})
  process.on('uncaughtException', (thrown) => log('error', `uncaught: ${thrown.stack ?? messageOf(thrown)}`))
  process.on('unhandledRejection', (thrown) => log('error', `unhandled: ${messageOf(thrown)}`))
  const serving: { server: AgentServer | null } = { server: null }
  let listener
  try {
    listener = await listenOnSocket(names.socket, (socket) => void serving.server?.serve(socket))
  } catch (thrown) {
    // Another one was faster: just as well.
    if (!(thrown instanceof Failure) || thrown.code !== 'agent-already-serving') throw thrown
    return sayReady()
  }
  const histories = new Histories(names.histories, log)
  const server = new AgentServer({
    version,
    histories,
    log,
    tunnelTiming: { handshakeMs: 10_000, idleMs: 15 * 60_000 },
    drive: driveMove,
    pageRoles,
    samplePages: sampleHere,
    lingerMs: 2000,
  })
  serving.server = server
  log('info', `agent ${version} serves`)
  sayReady()
  await new Promise<void>((resolve) => {
    const endIfFree = () => {
      if (server.isFree) resolve()
    }
    server.onDidBecomeIdle(endIfFree)
    process.on('SIGTERM', endIfFree)
    // Whoever lost its name to another can be found by nobody.
    const watch = setInterval(() => {
      if (!listener.isOurs()) endIfFree()
    }, 5000)
    watch.unref()
  })
  listener.close()
  server.dispose()
  log('info', 'agent ends')
}
