import { z } from 'zod'
import { Failure } from '../../base/failure.ts'
import { answerLink, awaitAnswer, type PageRole } from '../relay/page-link.ts'
import { openPageLink } from '../tunnel/tunnel-client.ts'
import { Depot } from './depot.ts'

/** All depots of a VM in the order of their bits, dialled with one's own identity. */
const peer = z.object({ host: z.string().min(1), port: z.number().int().min(1).max(65_535), serverName: z.string().min(1) })

/** The source opens a depot of a VM, the destination comes for what it holds. */
const depotHello = z.discriminatedUnion('end', [
  z.object({ role: z.literal('depot'), end: z.literal('source'), uuid: z.guid(), capacityMiB: z.number().int().min(1), peers: z.array(peer).max(8) }),
  z.object({ role: z.literal('depot'), end: z.literal('gather'), uuid: z.guid() }),
  /** Another depot of the VM, with replicas. */
  z.object({ role: z.literal('depot'), end: z.literal('peer'), uuid: z.guid() }),
])
export type DepotHello = z.infer<typeof depotHello>

/** Of what the host has left, the most that a depot may take. */
const shareOfMemory = 3 / 4
/** For a destination to come back: one whose agent broke the connection, and one that the network has come between. Milliseconds. */
const patience = { brokeOffMs: 60_000, unreachableMs: 60 * 60_000 } as const
/** What the system says of a connection whose other end is out of reach, not gone (tcp(7), errno(3)). */
const outOfReach = /\b(ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN)\b/
const dialMs = 15_000

interface Kept {
  readonly depot: Depot
  /** Resolves when what it holds is needed no longer. */
  readonly over: Promise<void>
  readonly end: () => void
  gathers: number
  hasGathered: boolean
  leaving: NodeJS.Timeout | undefined
}

const kept = new Map<string, Kept>()

/** Keeps pages of one VM of a job, until its destination needs them no longer, or never came. */
export const depotRole: PageRole = async (link, hello, { job, identity, log, signal, windDown }) => {
  const said = depotHello.parse(hello)
  const key = `${job} ${said.uuid}`
  if (said.end === 'source') {
    if (kept.has(key)) {
      answerLink(link, new Failure('scatter-depot', 'Pages of this VM are kept here already.'))
      return void link.end()
    }
    const room = Math.min(said.capacityMiB * 1024 * 1024, process.availableMemory() * shareOfMemory)
    const { uuid, peers } = said
    const dialPeer = async (bit: number) => {
      const to = peers[Math.log2(bit)]
      if (!to) throw new Failure('scatter-depot', 'There is no such depot.')
      const introduction: DepotHello = { role: 'depot', end: 'peer', uuid }
      const way = await openPageLink({ via: 'tunnel', ...to, identity }, introduction, dialMs, signal)
      await awaitAnswer(way, signal)
      return way
    }
    let end: () => void = () => {}
    const over = new Promise<void>((resolve) => (end = resolve))
    const one: Kept = { depot: new Depot(room, dialPeer), over, end, gathers: 0, hasGathered: false, leaving: undefined }
    kept.set(key, one)
    signal.addEventListener('abort', end, { once: true })
    const source = one.depot.takeSource(link)
    answerLink(link, null)
    // A source that goes before the destination has come was given up.
    void source.closed.then(() => one.hasGathered || end())
    await over
    signal.removeEventListener('abort', end)
    kept.delete(key)
    clearTimeout(one.leaving)
    one.depot.close()
    windDown()
    log('info', `scatter: depot of ${said.uuid} closed, ${Math.round(one.depot.bytes / 1024 ** 2)} MiB freed`)
    return
  }
  const one = kept.get(key)
  if (!one) {
    answerLink(link, new Failure('scatter-depot', 'Nothing is kept here of this VM.'))
    return void link.end()
  }
  if (said.end === 'peer') {
    const from = one.depot.takePeer(link)
    answerLink(link, null)
    void one.over.then(() => from.end())
    return void (await from.closed)
  }
  one.hasGathered = true
  one.gathers += 1
  clearTimeout(one.leaving)
  const gather = one.depot.takeGather(link, one.end)
  answerLink(link, null)
  void one.over.then(() => gather.end())
  const why = await gather.closed
  one.gathers -= 1
  if (one.gathers === 0) one.leaving = setTimeout(one.end, outOfReach.test(why ?? '') ? patience.unreachableMs : patience.brokeOffMs)
  await one.over
}
