import { z } from 'zod'
import { delay } from '../../base/abort.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import { pageBytes } from '../pages/page-hash.ts'
import { PageReceiver, readRackPages } from '../pages/page-receiver.ts'
import { readResidentsHere } from '../sample/sample-here.ts'
import { openPageLink } from '../tunnel/tunnel-client.ts'
import { dialDestinationLeg } from './legs.ts'
import type { PageRole } from './page-link.ts'

const gangId = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/)
const gangHello = z.discriminatedUnion('part', [
  /** From a source: the streams of a gang's VMs. */
  z.object({ role: z.literal('gang'), part: z.literal('channel'), gang: gangId, storeMiB: z.number().int().min(1).max(65_536), residentMiB: z.number().int().min(0).max(65_536) }),
  /** From another destination of the rack: pages for them. */
  z.object({ role: z.literal('gang'), part: z.literal('rack'), gang: gangId }),
])
export type GangHello = z.infer<typeof gangHello>

/** Bytes that a stream may have under way between the two QEMUs. */
const window = 4 * 1024 * 1024
/** Of what the host has left, the most that a store may take. */
const shareOfMemory = 1 / 4
const leastBytes = 16 * 1024 * 1024
/** Of a store, the most that pages of VMs that run here may take. */
const shareOfStore = 1 / 4
/** Of the time, what reading them may take while VMs of the gang are on their way. */
const shareOfTime = 1 / 2
/** VMs do not begin before these have been read, but wait no longer than this for it: as much as a second sends over 1 Gbit/s is read in one. */
const headStartMs = 1000
/** Of a page that another host of the rack should bring; the links of a rack take a few milliseconds for a full window. */
const patienceMs = 1000
const dialMs = 15_000

const receivers = new Map<string, Set<PageReceiver>>()

/** A destination's end of a gang: takes the streams of its VMs to their QEMUs, and pages from and to other hosts of the rack. */
export const gangRole: PageRole = async (link, hello, { log, signal }) => {
  const { gang, ...said } = gangHello.parse(hello)
  if (said.part === 'rack') {
    const push = readRackPages((page) => {
      for (const receiver of receivers.get(gang) ?? []) receiver.brought(page)
    })
    link.on('data', (chunk: Buffer) => {
      try {
        push(chunk)
      } catch (thrown) {
        link.destroy(thrown as Error)
      }
    })
    await new Promise<void>((resolve) => {
      link.on('close', resolve)
      link.resume()
    })
    return
  }
  const bytes = Math.max(leastBytes, Math.min(said.storeMiB * 1024 * 1024, process.availableMemory() * shareOfMemory))
  const residentBytes = Math.min(said.residentMiB * 1024 * 1024, bytes * shareOfStore)
  let looking = Promise.resolve()
  let headStart = looking
  const receiver = new PageReceiver(link, {
    slots: Math.floor((bytes - residentBytes) / pageBytes),
    residents: Math.floor(residentBytes / pageBytes),
    window,
    patienceMs,
    async dialQemu({ uuid, port }) {
      await headStart
      return dialDestinationLeg(port, { uuid, log })
    },
    dialPeer({ gang: whose, route }) {
      if (route.via !== 'tunnel') throw new Failure('relay-route', 'Memory can go through the agents only where they have a tunnel.')
      const hello: GangHello = { role: 'gang', part: 'rack', gang: whose }
      return openPageLink(route, hello, dialMs, signal)
    },
    log,
  })
  const mates = receivers.get(gang) ?? new Set()
  receivers.set(gang, mates.add(receiver))
  if (residentBytes > 0) {
    looking = lookAround(receiver, gang, log)
    headStart = Promise.race([looking, delay(headStartMs, receiver.enough).catch(() => {})])
  }
  const failure = await receiver.over
  mates.delete(receiver)
  if (mates.size === 0) receivers.delete(gang)
  await looking
  if (failure) log('warning', `gang ${gang}: ${failure.message} ${failure.evidence ?? ''}`.trim())
}

/** Reads what VMs that run here hold, so that the gang need not send it. It goes without where that cannot be read. */
async function lookAround(receiver: PageReceiver, gang: string, log: (level: 'info' | 'warning', text: string) => void): Promise<void> {
  const began = performance.now()
  try {
    const { vms, bytes } = await readResidentsHere({ take: (memory) => receiver.reside(memory), share: () => (receiver.isIdle ? 1 : shareOfTime), signal: receiver.enough })
    log('info', `gang ${gang}: read ${Math.round(bytes / 1024 / 1024)} MiB of ${vms} VMs that run here in ${Math.round(performance.now() - began)} ms, kept ${receiver.residentPages} pages`)
  } catch (thrown) {
    if (!receiver.enough.aborted) log('warning', `gang ${gang}: the memory of VMs that run here is not read: ${messageOf(thrown)}`)
  }
}
