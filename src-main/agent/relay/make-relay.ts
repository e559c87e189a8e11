import { Failure } from '../../base/failure.ts'
import type { DestinationRoute } from '../protocol/destination-route.ts'
import type { MoveSpec } from '../protocol/move-spec.ts'
import { endTunnel, openPageLink, type TunnelRoute } from '../tunnel/tunnel-client.ts'
import { gangOf } from './gang.ts'
import { GangRelay } from './gang-relay.ts'
import { ScatterRelay } from '../scatter/scatter-relay.ts'
import type { PageRelay } from './page-relay.ts'
import { PassRelay } from './pass.ts'

/** Of dialling another agent: beyond it there is a firewall or no network. */
const dialMs = 15_000
/** A listener's end need not be waited for longer. */
const farewellMs = 3000

/** The source's end of the way that a move asks for; null where QEMU speaks to QEMU. Throws `relay-route` where the agents have no tunnel. */
export function makeRelay(spec: MoveSpec, route: DestinationRoute, log: (level: 'info' | 'warning', text: string) => void): PageRelay | null {
  if (!spec.relay) return null
  if (route.via !== 'tunnel') throw new Failure('relay-route', 'Memory can go through the agents only where they have a tunnel.')
  const { uuid } = spec.vm
  const leg = { uuid, log }
  switch (spec.relay.mode) {
    case 'pass':
      return new PassRelay(leg, (hello, signal) => openPageLink(route, hello, dialMs, signal))
    case 'gang': {
      const { gang, route: own } = spec.relay
      const way = own?.via === 'tunnel' ? own : route
      // The job's own tunnel ends with the job; listeners that were opened for the gang end with the gang, with or without the desktop.
      const farewell = own ? (to: TunnelRoute) => void endTunnel(to, farewellMs) : undefined
      return new GangRelay({ leg, spec: gang, route: way, isPrecopy: spec.technique === 'precopy' }, gangOf(gang.id, (to, hello) => openPageLink(to, hello, dialMs), farewell))
    }
    case 'scatter':
      return new ScatterRelay({ leg, spec: spec.relay, route, isPostcopy: spec.technique === 'postcopy' })
  }
}
