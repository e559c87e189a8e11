import type { Connection } from '../../src-main/libvirt/client/connection.ts'
import { jobStatsOf, type CompletedJob } from '../../src-main/libvirt/client/job-stats.ts'
import { drive } from '../../src-main/libvirt/drive/drive.ts'
import { switchToPostcopy } from '../../src-main/libvirt/drive/postcopy.ts'
import type { Side } from '../integration/protocol-script.ts'
import type { Pair } from './twin-pairs.ts'

/** What one move came to, in the words of the daemons and of a clock. */
export interface MoveFigures {
  readonly ms: number
  readonly bytes: number
  readonly downtimeMs: number
  readonly iterations: number
  /** Pages sent with content. */
  readonly normalPages: number
}

/** Milliseconds, real or virtual, and a way to let some pass. */
export interface BenchClock {
  now(): number
  pass(milliseconds: number): Promise<void>
}

/** Moves the side's domain from left to right by the client of the product. The same code for both sides: nothing else differs but what is at the far end. */
export async function moveOf(side: Side, pair: Pair, clock: BenchClock): Promise<MoveFigures> {
  const { domain } = side
  const [source, destination, control, far] = await Promise.all([side.open('left'), side.open('right'), side.open('left'), side.open('right')])
  const job = new Promise<CompletedJob>((resolve) => control.events.onDidCompleteJob((event) => resolve(event.job)))
  let iterations = 0
  const moving = new Promise<void>((resolve) =>
    control.events.onDidIterateMigration(({ iteration }) => {
      iterations = Math.max(iterations, iteration)
      resolve()
    }),
  )
  await control.events.settled()
  const startedAt = clock.now()
  const outcome = drive(
    { domain, migrateUri: `tcp://${side.address('right')}`, ...pair.plan, flags: { live: true, persistDest: true, undefineSource: true, ...pair.plan?.flags } },
    { source, destination, control },
  )
  if (pair.switchAfterMs !== undefined) {
    const isOver = outcome.then(() => true)
    await moving
    const isDone = await Promise.race([isOver, clock.pass(pair.switchAfterMs).then(() => false)])
    if (!isDone) await switchToPostcopy(domain, { source: control, destination: far, waits: true }).catch((thrown: unknown) => void console.log(`  not switched: ${String(thrown)}`))
  }
  const ended = await outcome
  const ms = clock.now() - startedAt
  if (ended.outcome !== 'moved') throw new Error(`${pair.name}: ${JSON.stringify(ended)}`)
  const { data, downtimeMs, memory } = await Promise.race([job, ofDestination(far, domain)])
  return { ms, bytes: data.processedBytes ?? Number.NaN, downtimeMs: downtimeMs ?? Number.NaN, iterations, normalPages: memory.normalPages ?? Number.NaN }
}

/** The destination keeps the statistics of a job that has come in. */
async function ofDestination(far: Connection, dom: Side['domain']): Promise<CompletedJob> {
  return jobStatsOf(await far.call('domainGetJobStats', { dom, flags: 1 }))
}
