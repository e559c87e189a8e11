import type { Duplex } from 'node:stream'
import { z } from 'zod'
import { Failure, messageOf } from '../../base/failure.ts'
import { dialDestinationLeg } from '../relay/legs.ts'
import { answerLink, awaitAnswer, type PageRole } from '../relay/page-link.ts'
import { openPageLink } from '../tunnel/tunnel-client.ts'
import type { DepotHello } from './depot-role.ts'
import { ScatterGather } from './scatter-gather.ts'
import { Sealer } from './seal.ts'

const port = z.number().int().min(1).max(65_535)

const gatherHello = z.object({
  role: z.literal('gather'),
  uuid: z.guid(),
  port,
  /** Of the seals; the depots never learn it. */
  secret: z.string().regex(/^[0-9a-f]{64}$/),
  gatherMiBps: z.number().int().min(1).nullable(),
  /** Dialled with this agent's own identity. In the order of the bits in frames. */
  depots: z.array(z.object({ name: z.string().min(1), host: z.string().min(1), port, serverName: z.string().min(1) })).max(8),
})
export type GatherHello = z.infer<typeof gatherHello>

/** The source's way to a VM that gathers, dialled again because the first one broke. */
const gatherAgainHello = z.object({ role: z.literal('gather-again'), uuid: z.guid() })
export type GatherAgainHello = z.infer<typeof gatherAgainHello>

const dialMs = 15_000
/** Longer than a source whose QEMU still has the pages dials, so that both ends give up together; and as long as one that has them itself. */
const waitsForSource = { usualMs: 20_000, drainedMs: 60 * 60_000 } as const
/** How it ended is told to a source that missed it. */
const remembersMs = 60_000

/** By job and VM. `outcome`: once it has ended. */
const gathering = new Map<string, { readonly gather: ScatterGather; outcome?: Failure | null }>()

/** The destination's end of a scattered VM: dials QEMU and the depots, and is done when QEMU has everything. */
export const gatherRole: PageRole = async (link, hello, { job, identity, log, signal, windDown }) => {
  const { uuid, port: qemuPort, secret, gatherMiBps, depots } = gatherHello.parse(hello)
  const opened: Duplex[] = []
  let qemu: Duplex
  try {
    const dialDepot = async ({ host, port: at, serverName }: (typeof depots)[number]) => {
      const said: DepotHello = { role: 'depot', end: 'gather', uuid }
      const depot = await openPageLink({ via: 'tunnel', host, port: at, serverName, identity }, said, dialMs, signal)
      opened.push(depot)
      await awaitAnswer(depot, signal)
      return depot
    }
    const ways = await Promise.all(depots.map(async (depot) => ({ name: depot.name, link: await dialDepot(depot), redial: () => dialDepot(depot) })))
    qemu = await dialDestinationLeg(qemuPort, { uuid, log })
    answerLink(link, null)
    const gather = new ScatterGather(link, qemu, { depots: ways, sealer: new Sealer(secret), gatherMiBps, waitsForSource, log })
    const key = `${job} ${uuid}`
    const entry: { readonly gather: ScatterGather; outcome?: Failure | null } = { gather }
    gathering.set(key, entry)
    const cut = () => gather.fail(new Failure('relay-closed', 'The agent’s listener for this job was closed.'))
    signal.addEventListener('abort', cut, { once: true })
    const failure = await gather.ended
    entry.outcome = failure
    setTimeout(() => gathering.get(key) === entry && gathering.delete(key), remembersMs).unref()
    signal.removeEventListener('abort', cut)
    if (!failure) windDown()
    log(failure ? 'warning' : 'info', `scatter ${uuid}: ${failure ? `${failure.message} ${failure.evidence ?? ''}` : `gathered ${gather.delivered} pages`}`)
  } catch (thrown) {
    for (const one of opened) one.destroy()
    answerLink(link, thrown instanceof Failure ? thrown : new Failure('relay-no-qemu', messageOf(thrown)))
    link.end()
  }
}

/** Gives a VM's gathering its source back, or says how it ended. */
export const gatherAgainRole: PageRole = async (link, hello, { job }) => {
  const { uuid } = gatherAgainHello.parse(hello)
  const entry = gathering.get(`${job} ${uuid}`)
  const refusal = !entry ? new Failure('scatter-no-gather', 'No memory of this VM is gathered here.') : entry.outcome === null ? new Failure('scatter-gathered', 'All memory of this VM has been gathered.') : entry.outcome
  if (!entry || refusal) {
    answerLink(link, refusal ?? null)
    return void link.end()
  }
  answerLink(link, null)
  const closed = new Promise<void>((resolve) => link.once('close', () => resolve()))
  entry.gather.takeSource(link)
  await closed
}
