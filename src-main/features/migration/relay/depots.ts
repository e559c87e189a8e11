import type { MovePlan } from '../../../contract/migration.ts'
import { within } from '../../../base/abort.ts'
import { messageOf } from '../../../base/failure.ts'
import type { HostDirectory } from '../../host/host-session.ts'
import type { HostFactsReader } from '../host-facts/host-facts-reader.ts'
import { findRoute } from '../route/find-route.ts'
import { withoutPort } from './addresses.ts'
import { probe } from '../route/probe.ts'

/** A host that is to hold pages of a VM until the destination has taken them. */
export interface Depot {
  readonly host: string
  readonly name: string
  /** What the other agents dial, and where its own listens. */
  readonly address: string
  readonly capacityMiB: number
  /** Mbit/s of the slowest device that is known on the way from the source; null where none is. */
  readonly mbps: number | null
}

/** The depots of a move, and why other hosts are none. */
export interface Depots {
  readonly chosen: readonly Depot[]
  readonly passedOver: readonly { readonly name: string; readonly why: string }[]
}

/** A host that could be one. `freeKiB` is what it can spare. */
export interface Candidate {
  readonly host: string
  readonly name: string
  readonly address: string
  readonly freeKiB: number
  readonly mbps: number | null
}

/** More are not faster: the source's own link is full before. */
const most = 8
/** So many share the work where there are as many, each with its own link. */
const wanted = 3
/** A host keeps this much for itself: a share of its memory, in KiB at least. */
const reserve = { share: 0.1, leastKiB: 512 * 1024 }
/** Milliseconds in which a dialog waits for the agent of a host that is not part of the move. */
const readyMs = 4_000
/** Page tables, names of pages and the like, over the memory itself. */
const overhead = 1.1

/**
 * Picks depots: the fastest links first, then the most free memory, as many as it takes to hold every page `replicas` times, and a few to share the work. `memoryKiB` of the VM.
 * `isGiven`: the user has named them, so all are taken.
 */
export function pickDepots(candidates: readonly Candidate[], need: { readonly memoryKiB: number; readonly replicas: number; readonly isGiven: boolean }): Depot[] {
  const whole = Math.ceil((need.memoryKiB / 1024) * overhead)
  const sorted = [...candidates].sort((a, b) => (b.mbps ?? 0) - (a.mbps ?? 0) || b.freeKiB - a.freeKiB)
  const chosen: Depot[] = []
  let held = 0
  for (const { host, name, address, freeKiB, mbps } of sorted) {
    if (!need.isGiven && held >= whole * need.replicas && chosen.length >= Math.max(wanted, need.replicas)) break
    if (chosen.length >= most) break
    // Two copies of one page on the same host are none more than one.
    const capacityMiB = Math.min(whole, Math.floor(freeKiB / 1024))
    held += capacityMiB
    chosen.push({ host, name, address, capacityMiB, mbps })
  }
  return chosen
}

/** Asks the hosts that are neither end whether they can be depots. `isPatient`: waits as long as bringing an agent takes. Rejects only with the signal's reason. */
export async function findDepots(options: {
  plan: MovePlan
  source: HostFactsReader
  memoryKiB: number
  hosts: Pick<HostDirectory, 'list' | 'name' | 'record' | 'session'>
  reader: (host: string) => HostFactsReader
  agent: (host: string) => { ready(signal?: AbortSignal): Promise<unknown> }
  agentPort: number
  /** KiB of a host that other moves have been promised. */
  promised: (host: string) => number
  isPatient: boolean
  signal: AbortSignal
}): Promise<Depots> {
  const { plan, hosts, signal } = options
  const given = plan.options.depots
  const records = hosts.list().filter(({ id }) => id !== plan.vm.host && id !== plan.destination && (given === null || given.includes(id)))
  const passedOver: { name: string; why: string }[] = []
  const found = await Promise.all(
    records.map(async ({ id, maintenance }): Promise<Candidate | null> => {
      const name = hosts.name(id)
      const pass = (why: string) => (passedOver.push({ name, why }), null)
      // It is about to be switched off.
      if (maintenance && given === null) return pass('is in maintenance')
      try {
        const reader = options.reader(id)
        const [memory, way] = await Promise.all([reader.memory(), wayTo(id, reader, options), readyOrNot(options.agent(id), options)])
        const spare = (memory.available ?? memory.free) - Math.max(reserve.leastKiB, memory.total * reserve.share) - options.promised(id)
        if (!way) return pass('cannot be reached from the source')
        if (way.isFiltered) return pass('does not answer on the ports of agents')
        return spare < 64 * 1024 ? pass('has no memory to spare') : { host: id, name, address: way.address, freeKiB: spare, mbps: way.mbps }
      } catch (thrown) {
        signal.throwIfAborted()
        return pass(messageOf(thrown))
      }
    }),
  )
  const candidates = found.filter((each) => each !== null)
  return { chosen: pickDepots(candidates, { memoryKiB: options.memoryKiB, replicas: plan.options.replicas, isGiven: given !== null }), passedOver }
}

type Search = Parameters<typeof findDepots>[0]

async function readyOrNot(agent: ReturnType<Search['agent']>, { isPatient, signal }: Search): Promise<void> {
  await (isPatient ? agent.ready(signal) : within(readyMs, 'Starting an agent', agent.ready(signal), signal))
}

async function wayTo(host: string, reader: HostFactsReader, { plan, source, hosts, agentPort, signal }: Search): Promise<{ address: string; mbps: number | null; isFiltered: boolean } | null> {
  const toDepot: MovePlan = { ...plan, destination: host, options: { ...plan.options, migrationAddress: null } }
  const route = await findRoute({ plan: toDepot, source, destination: reader, setting: hosts.record(host).migrationAddress, signal })
  if (!route || route.probe === 'unresolved') return null
  const seen = await probe(source, withoutPort(route.address), agentPort, signal)
  const own = (await reader.interfaces())?.find((link) => link.addresses.some(({ address }) => address === route.address))?.mbps ?? null
  return { address: withoutPort(route.address), mbps: slower(route.mbps, own), isFiltered: seen === 'filtered' }
}

/** The slower of two speeds, of which either may not be known. */
export function slower(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b)
}
