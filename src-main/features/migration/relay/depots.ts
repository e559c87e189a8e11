import type { DepotCandidate } from '../../../contract/depot.ts'
import type { MovePlan } from '../../../contract/migration.ts'
import { within } from '../../../base/abort.ts'
import { messageOf } from '../../../base/failure.ts'
import type { HostDirectory } from '../../host/host-session.ts'
import type { HostFactsReader } from '../host-facts/host-facts-reader.ts'
import { findRoute } from '../route/find-route.ts'
import { withoutPort } from './addresses.ts'
import { probe } from '../route/probe.ts'

/** A host that could hold pages of a VM until the destination has taken them. */
export interface Candidate {
  readonly host: string
  readonly name: string
  /** What the other agents dial, and where its own listens. */
  readonly address: string
  /** What it can spare. */
  readonly freeKiB: number
  /** Mbit/s of the slowest device that is known on the way from the source; null where none is. */
  readonly mbps: number | null
  /** Why it is taken only where the user says so; null where nothing speaks against it. */
  readonly against: string | null
}

/** One that is to. */
export interface Depot extends Candidate {
  readonly capacityMiB: number
  readonly why: string
}

/** The depots of a move, and why other hosts are none: those that could be, and those that cannot. */
export interface Depots {
  readonly chosen: readonly Depot[]
  readonly others: readonly Depot[]
  readonly passedOver: readonly { readonly host: string; readonly name: string; readonly why: string }[]
}

/** More are not faster: the source's own link is full before. */
const most = 8
/** So many share the work where there are as many, each with its own link. */
const wanted = 3
/** A host keeps this much for itself: a share of its memory, in KiB at least. */
const reserve = { share: 0.1, leastKiB: 512 * 1024 }
/** Less is not worth another host that could fail. */
const leastSpareKiB = 64 * 1024
/** Milliseconds in which a dialog waits for the agent of a host that is not part of the move. */
const readyMs = 4_000
/** Page tables, names of pages and the like, over the memory itself. */
const overhead = 1.1

interface Need {
  readonly memoryKiB: number
  readonly replicas: number
  /** Hosts that the user has named: all of them are taken, and no others; null where there is a choice. */
  readonly given: readonly string[] | null
}

/**
 * Picks depots: the fastest links first, then the most free memory, as many as it takes to hold every page `replicas` times, and a few to share the work. `memoryKiB` of the VM.
 */
export function pickDepots(candidates: readonly Candidate[], { memoryKiB, replicas, given }: Need): Pick<Depots, 'chosen' | 'others'> {
  const whole = Math.ceil((memoryKiB / 1024) * overhead)
  // Two copies of one page on the same host are none more than one.
  const room = ({ freeKiB }: Candidate) => Math.min(whole, Math.floor(freeKiB / 1024))
  const sorted = [...candidates].sort((a, b) => (b.mbps ?? 0) - (a.mbps ?? 0) || b.freeKiB - a.freeKiB)
  const eligible = sorted.filter(({ host, against }) => (given === null ? against === null : given.includes(host)))
  const few = Math.max(wanted, replicas)
  let held = 0
  const chosen = eligible.slice(0, most).filter((each, i) => {
    if (given === null && held >= whole * replicas && i >= few) return false
    held += room(each)
    return true
  })
  const reason = (each: Candidate, i: number) => (given !== null ? 'you chose it' : i >= few ? 'the others alone have too little room' : whyAmong(each, eligible))
  return {
    chosen: chosen.map((each, i) => ({ ...each, capacityMiB: room(each), why: reason(each, i) })),
    others: sorted.filter((each) => !chosen.includes(each)).map((each) => ({ ...each, capacityMiB: room(each), why: whyNot(each, chosen, given) })),
  }
}

/** What it has before others that could be picked. */
function whyAmong({ mbps, freeKiB }: Candidate, all: readonly Candidate[]): string {
  if (all.some((other) => (other.mbps ?? 0) < (mbps ?? 0))) return 'its link is among the fastest'
  if (all.some((other) => other.mbps === mbps && other.freeKiB < freeKiB)) return `as fast as any, and has more to spare than others`
  return 'every host that can hold pages is taken'
}

function whyNot({ against, mbps }: Candidate, chosen: readonly Candidate[], given: readonly string[] | null): string {
  if (given !== null) return 'you left it out'
  if (against !== null) return against
  if (chosen.length >= most) return `not needed: ${most} are enough, the source’s own link is full before`
  return `not needed: the picked ones have ${chosen.some((each) => (each.mbps ?? 0) > (mbps ?? 0)) ? 'faster links' : 'more to spare'}`
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
  const isGiven = (id: string) => given?.includes(id) ?? false
  // In a dialog the others are to be seen too; before the move itself nobody looks at them.
  const records = hosts.list().filter(({ id }) => id !== plan.vm.host && id !== plan.destination && (given === null || isGiven(id) || !options.isPatient))
  const passedOver: { host: string; name: string; why: string }[] = []
  const found = await Promise.all(
    records.map(async ({ id, maintenance }): Promise<Candidate | null> => {
      const name = hosts.name(id)
      const pass = (why: string) => (passedOver.push({ host: id, name, why }), null)
      // It may be about to be switched off.
      const against = maintenance ? 'it is in maintenance, and may be switched off' : null
      if (against !== null && options.isPatient && !isGiven(id)) return null
      try {
        const reader = options.reader(id)
        const [memory, way] = await Promise.all([reader.memory(), wayTo(id, reader, options), readyOrNot(options.agent(id), options)])
        const spare = (memory.available ?? memory.free) - Math.max(reserve.leastKiB, memory.total * reserve.share) - options.promised(id)
        if (!way) return pass('cannot be reached from the source')
        if (way.isFiltered) return pass('does not answer on the ports of agents')
        return spare < leastSpareKiB ? pass('has no memory to spare') : { host: id, name, address: way.address, freeKiB: spare, mbps: way.mbps, against }
      } catch (thrown) {
        signal.throwIfAborted()
        return pass(messageOf(thrown))
      }
    }),
  )
  const candidates = found.filter((each) => each !== null)
  return { ...pickDepots(candidates, { memoryKiB: options.memoryKiB, replicas: plan.options.replicas, given }), passedOver }
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

/** All hosts that were looked at, as the contract has them. */
export function depotCandidates({ chosen, others, passedOver }: Depots): DepotCandidate[] {
  const told = ({ host, name, freeKiB, capacityMiB, mbps, why }: Depot) => ({ host, name, spareMiB: Math.floor(freeKiB / 1024), capacityMiB, mbps, why, isPossible: true })
  return [
    ...chosen.map((each) => ({ ...told(each), isChosen: true })),
    ...others.map((each) => ({ ...told(each), isChosen: false })),
    ...passedOver.map((each) => ({ ...each, isChosen: false, isPossible: false, spareMiB: null, capacityMiB: 0, mbps: null })),
  ]
}
