import { z } from 'zod'
import { Failure } from '../../base/failure.ts'
import { answerLink, type PageRole } from '../relay/page-link.ts'
import { Depot } from './depot.ts'

/** The source opens a depot of a VM, the destination comes for what it holds. */
export const depotHello = z.discriminatedUnion('end', [
  z.object({ role: z.literal('depot'), end: z.literal('source'), uuid: z.guid(), capacityMiB: z.number().int().min(1) }),
  z.object({ role: z.literal('depot'), end: z.literal('gather'), uuid: z.guid() }),
])
export type DepotHello = z.infer<typeof depotHello>

/** Of what the host has left, the most that a depot may take. */
const shareOfMemory = 3 / 4
/** For a destination whose connection broke, to come back. */
const patienceMs = 60_000

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
export const depotRole: PageRole = async (link, hello, { job, log, signal }) => {
  const said = depotHello.parse(hello)
  const key = `${job} ${said.uuid}`
  if (said.end === 'source') {
    if (kept.has(key)) {
      answerLink(link, new Failure('scatter-depot', 'Pages of this VM are kept here already.'))
      return void link.end()
    }
    const room = Math.min(said.capacityMiB * 1024 * 1024, process.availableMemory() * shareOfMemory)
    let end: () => void = () => {}
    const over = new Promise<void>((resolve) => (end = resolve))
    const one: Kept = { depot: new Depot(room), over, end, gathers: 0, hasGathered: false, leaving: undefined }
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
    source.destroy('the depot is closed')
    log('info', `scatter: depot of ${said.uuid} closed, ${Math.round(one.depot.bytes / 1024 ** 2)} MiB freed`)
    return
  }
  const one = kept.get(key)
  if (!one) {
    answerLink(link, new Failure('scatter-depot', 'Nothing is kept here of this VM.'))
    return void link.end()
  }
  one.hasGathered = true
  one.gathers += 1
  clearTimeout(one.leaving)
  const gather = one.depot.takeGather(link, one.end)
  answerLink(link, null)
  void one.over.then(() => gather.end())
  await gather.closed
  one.gathers -= 1
  if (one.gathers === 0) one.leaving = setTimeout(one.end, patienceMs)
  await one.over
}
