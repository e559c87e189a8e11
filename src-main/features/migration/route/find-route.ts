import { isIP, isIPv6 } from 'node:net'
import type { MovePlan, Route } from '../../../contract/migration.ts'
import type { HostFactsReader } from '../host-facts/host-facts-reader.ts'
import { isInNetwork, type NetLink } from '../host-facts/net-links.ts'
import { probe } from './probe.ts'

/** The name that the source would look up when nothing better is known, and whether the user chose it. */
interface Candidate {
  readonly address: string
  readonly origin: string
}

/** Interfaces that lead to guests or containers of the host itself, not to other hosts. */
const inward = /^(lo|virbr|docker|br-[0-9a-f]{12}|veth|vnet|macvtap|tap|cni|flannel|cali|podman|lxc|lxd)/
/** First port of libvirt's own range for incoming memory (qemu.conf, migration_port_min). */
const probedPort = 49_152

/**
 * How the source's QEMU reaches the destination's: the plan's address, else the user's setting for the host, else an address of the destination in a network
 * that the source is in as well (the fastest device first), else one of the destination's addresses that the source has a route to, else its name.
 * The first that the probe from the source does not find wanting is taken; null when there is nothing to try.
 */
export async function findRoute(options: {
  plan: MovePlan
  source: HostFactsReader
  destination: HostFactsReader
  /** The user's setting for the destination. */
  setting: string | null
  signal: AbortSignal
}): Promise<Route | null> {
  const { plan, source, destination, setting, signal } = options
  const [near, far] = await Promise.all([source.interfaces(), destination.interfaces()])
  const given = plan.options.migrationAddress
  // What a person has chosen is not second-guessed: it is probed and told.
  const candidates = given ? [{ address: given, origin: 'chosen for this move' }] : setting ? [{ address: setting, origin: 'set for this host' }] : discover(near, far, destination)
  let worst: Route | null = null
  for (const { address, origin } of candidates) {
    const [found, way] = await Promise.all([probe(source, address, probedPort, signal), leavesBy(source, near, address)])
    const route: Route = { address, origin, probe: found, via: way?.name ?? null, mbps: way?.mbps ?? null }
    if (found === 'reachable' || found === 'refused' || found === 'not-probed') return route
    worst ??= route
  }
  return worst
}

/** Addresses worth trying, best first. */
export function discover(near: readonly NetLink[] | null, far: readonly NetLink[] | null, destination: Pick<HostFactsReader, 'session'>): Candidate[] {
  const { facts } = destination.session
  const outward = (links: readonly NetLink[] | null) => (links ?? []).filter((link) => link.isUp && !inward.test(link.name))
  const shared = outward(far)
    .flatMap((link) => link.addresses.map(({ address }) => ({ address, speed: link.mbps ?? 0 })))
    .filter(({ address }) => outward(near).some((link) => link.addresses.some((own) => own.address !== address && isInNetwork(address, own))))
    .sort((a, b) => b.speed - a.speed || Number(isIPv6(a.address)) - Number(isIPv6(b.address)))
    .map(({ address }) => ({ address, origin: 'in a network of both hosts' }))
  const known = facts.migrationAddresses.map((address) => ({ address, origin: 'address of the host' }))
  const named = isName(facts.hostname) ? [{ address: facts.hostname, origin: 'name of the host' }] : []
  const seen = new Set<string>()
  return [...shared, ...known, ...named].filter(({ address }) => !isLoopback(address) && !seen.has(address) && seen.add(address))
}

/** libvirt refuses names that start with localhost, and such an address would lead the source to itself. */
export function isLoopback(address: string): boolean {
  return /^localhost/i.test(address) || /^127\./.test(address) || address === '::1'
}

function isName(text: string): boolean {
  return text !== '' && isIP(text) === 0
}

/** The device that the source sends to the address by, and the slowest speed known on the way through a bridge or bond to its members. */
async function leavesBy(source: HostFactsReader, near: readonly NetLink[] | null, address: string): Promise<{ name: string; mbps: number | null } | null> {
  if (!near || isIP(address) === 0) return null
  const answer = await source.exec(['ip', '-j', 'route', 'get', address])
  const name = deviceOf(answer?.stdout ?? '')
  const link = near.find((each) => each.name === name)
  if (!link) return null
  if (link.mbps !== null) return link
  const members = near.filter(({ master }) => master === link.name).flatMap(({ mbps }) => mbps ?? [])
  return { name: link.name, mbps: members.length > 0 ? Math.max(...members) : null }
}

function deviceOf(text: string): string | null {
  try {
    const [route] = JSON.parse(text) as { dev?: unknown }[]
    return typeof route?.dev === 'string' ? route.dev : null
  } catch {
    return null
  }
}
