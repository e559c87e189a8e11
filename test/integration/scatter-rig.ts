import type { MoveSpec } from '../../src-main/agent/protocol/move-spec.ts'
import type { PageFigures } from '../../src-main/agent/protocol/page-figures.ts'
import { startAgentMove } from '../../src-main/features/host/agent/agent-move.ts'
import type { RemoteMove } from '../../src-main/features/host/agent/remote-move.ts'
import type { Heard, RiggedHost, RigHost } from './agent-rig.ts'

export interface ScatterRequest {
  readonly source: RiggedHost
  readonly destination: RiggedHost
  readonly to: RigHost
  readonly depots: readonly { readonly name: string; readonly rigged: RiggedHost; readonly host: RigHost; readonly capacityMiB?: number }[]
  readonly replicas?: number
  readonly gatherMiBps?: number | null
  readonly spec: MoveSpec
}

/** Starts a scatter-gather move as the app does. */
export async function scatter({ source, destination, to, depots, replicas = 1, gatherMiBps = null, spec }: ScatterRequest): Promise<RemoteMove> {
  return startAgentMove({
    spec: { ...spec, technique: 'postcopy' },
    source: source.link,
    destination: destination.link,
    address: to.address,
    ports: [49_600, 49_620],
    depots: depots.map(({ name, rigged, host, capacityMiB = 4096 }) => ({ name, link: rigged.link, address: host.address, carries: 'pages', capacityMiB })),
    relay: (held) => ({ mode: 'scatter', replicas, gatherMiBps, depots: [...held] }),
  })
}

/** The last that was said of the pages. */
export function lastPages(heard: Heard): PageFigures | null {
  const event = heard.events.findLast((one) => one.kind === 'pages')
  return event?.kind === 'pages' ? event.pages : null
}
