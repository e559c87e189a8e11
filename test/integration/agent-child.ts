import { connect } from 'node:net'
import { conduct } from '../../src-main/agent/conductor/conduct.ts'
import type { MoveEvent } from '../../src-main/agent/protocol/move-event.ts'
import type { MoveSpec } from '../../src-main/agent/protocol/move-spec.ts'
import { Connection } from '../../src-main/libvirt/client/connection.ts'
import { loadBuilt, RiggedHost, startOver, type RigHost } from './agent-rig.ts'

/** Plays the app, in a process of its own, and meets its fate at a given event of the move. */
export interface ChildTask {
  readonly driver: 'agent' | 'app'
  readonly hosts: readonly [RigHost, RigHost]
  readonly sshConfig: string
  /** Folder of the built agent; of driver `agent`. */
  readonly bundle: string
  /** The daemons' sockets as seen from this machine; of driver `app`. */
  readonly sockets?: readonly [string, string]
  readonly spec: MoveSpec
  /** `step begin done`, `phase postcopy`, `sample 5`, … */
  readonly at: string
  readonly then: 'SIGKILL' | 'SIGSTOP'
}

const task = JSON.parse(process.argv[2] ?? '{}') as ChildTask
let samples = 0

function nameOf(event: MoveEvent): string {
  if (event.kind === 'step') return `step ${event.step} ${event.state}`
  if (event.kind === 'phase') return `phase ${event.phase}`
  if (event.kind === 'sample') return `sample ${++samples}`
  return event.kind
}

function follow(event: MoveEvent): void {
  if (nameOf(event) === task.at) process.kill(process.pid, task.then)
}

if (task.driver === 'agent') {
  const bundle = await loadBuilt(task.bundle)
  const [source, destination] = task.hosts.map((host) => new RiggedHost(host, task.sshConfig, bundle)) as [RiggedHost, RiggedHost]
  await Promise.all([source.transport(), destination.transport()])
  const move = await startOver(source, destination, task.spec, task.hosts[1])
  move.onDidHappen(follow)
  await move.ended
} else {
  const open = (path: string | undefined) => (signal: AbortSignal) => Connection.open(connect(path ?? ''), { signal })
  const move = conduct(task.spec, {
    source: { name: 'one', open: open(task.sockets?.[0]) },
    destination: { name: 'two', open: open(task.sockets?.[1]) },
    journal: { append: follow, commit: follow },
    driver: 'app',
  })
  await move.ended
}
process.exit(0)
