import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { planRequest, type Plan } from '../../src-main/contract/plan.ts'
import type { Run } from '../../src-main/contract/run.ts'
import { MoveRig } from '../integration/move-rig.ts'
import { LabGuest } from '../lab/guest.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import { Lab } from '../lab/lab.ts'
import type { Bench } from './run.ts'
import { median, rounded } from './statistics.ts'

const names = ['a', 'b', 'c'] as const
const vmCount = 8
const linkRate = '200mbit'
/** What TCP and Ethernet leave of it, in bits per second. */
const wireBits = 200e6 * 0.94
/** Enough for its moves to say what a link carries; small ones say more about what starts and ends a move. */
const scoutMiB = 200

interface Emptied {
  /** Middle of the plan's range. */
  readonly forecast: number
  readonly seconds: number
  readonly isInRange: boolean
}

/**
 * A host with 8 running VMs is emptied to two others over links of 200 Mbit/s, as the plan says; and once more with one move at a time. They take turns, and in between
 * the VMs are brought back. `own` as the third word limits the cable of the host that is emptied to 200 Mbit/s too: both links then share it, and the wire alone bounds
 * what moving several at once can gain. `forecast_error`: how far the middle of the plan's range is from what the run took, as a share of that, median of all runs that
 * went by the plan. `parallel_speedup`: one at a time over as planned, median of the pairs. Every guest's memory is checked at the end.
 * Words: pairs, default 3; MiB that a guest fills, default 32; `own`.
 */
const bench: Bench = async ([pairCount = '3', filledMiB = '32', cable = ''], signal) => {
  await promisify(execFile)(process.execPath, [join(import.meta.dirname, '../../build/bundles.ts')])
  await using lab = await Lab.up({ hosts: names.map(() => ({ hasNode: true })), report: console.log, signal })
  for (const host of cable === 'own' ? lab.hosts : lab.hosts.slice(1)) await host.shapeLink({ rate: linkRate })
  const rig = await MoveRig.open({ sshConfig: lab.ssh.configFile, hosts: names.map((name, i) => ({ name, address: lab.host(i).sshAddress })) })
  try {
    await rig.bringAgents()
    await scout(rig, lab)
    const guests = Array.from({ length: vmCount }, (_, i) => new LabGuest(lab, { name: `vm-${i + 1}`, memoryMiB: 96 + Number(filledMiB), patternMiB: Number(filledMiB), tickMs: 200, verifyPercent: 1 }))
    for (const guest of guests) await guest.start(lab.host(0), { signal })
    for (const { name } of guests) await rig.plan(uuidOf(name), 'a', 'b')

    const host = rig.idOf('a')
    const emptied = async (atOnce: number | null): Promise<Emptied> => {
      const there = await carriedOut(rig, planRequest.parse({ kind: 'evacuate', host, perHost: atOnce, perLink: atOnce }), signal)
      if (there.run.state.state !== 'done' || there.run.state.emptiness?.isEmpty !== true) throw new Error(`a is not empty: ${JSON.stringify(there.run.state)}`)
      await carriedOut(rig, planRequest.parse({ kind: 'return', host }), signal)
      const { plan, run, seconds } = there
      const [low, high] = plan.seconds!
      const placed = await rig.runParts.store.placements.list({ run: run.id, limit: vmCount })
      const sent = (to: string | null) => placed.reduce((sum, each) => sum + (to === null || each.to === to ? (each.bytes ?? 0) : 0), 0)
      const busiest = cable === 'own' ? sent(null) : Math.max(...placed.map(({ to }) => sent(to)))
      console.log(`${atOnce === null ? `as planned, ${plan.perHost} at once per host` : 'one at a time'}: forecast ${low} to ${high} s, took ${seconds.toFixed(1)} s; the busiest cable alone ${((busiest * 8) / wireBits).toFixed(1)} s; each ${rowsOf(run)}`)
      return { forecast: (low + high) / 2, seconds, isInRange: low <= seconds && seconds <= high }
    }
    const planned: Emptied[] = []
    const single: Emptied[] = []
    for (let pair = 0; pair < Number(pairCount); pair++) {
      const isPlannedFirst = pair % 2 === 0
      if (isPlannedFirst) planned.push(await emptied(null))
      single.push(await emptied(1))
      if (!isPlannedFirst) planned.push(await emptied(null))
    }
    for (const guest of guests) if ((await guest.verify(lab.host(0), signal)).badEver > 0) throw new Error(`${guest.name} lost memory`)
    return {
      forecast_error: rounded(median(planned.map(errorOf)), 3),
      parallel_speedup: rounded(median(planned.map(({ seconds }, i) => single[i]!.seconds / seconds)), 3),
      single_forecast_error: rounded(median(single.map(errorOf)), 3),
      in_range: rounded([...planned, ...single].filter(({ isInRange }) => isInRange).length / (planned.length + single.length), 3),
      planned_s: rounded(median(planned.map(({ seconds }) => seconds)), 3),
      single_s: rounded(median(single.map(({ seconds }) => seconds)), 3),
    }
  } finally {
    await rig.remove()
  }
}

export default bench

const errorOf = ({ forecast, seconds }: Emptied) => Math.abs(forecast - seconds) / seconds

/** Seconds of each row from its turn to its end, and of them in its job. */
function rowsOf({ rows }: Run): string {
  return rows.map(({ state, startedAt, endedAt }) => `${(((endedAt ?? 0) - (startedAt ?? 0)) / 1000).toFixed(1)} (${state.state === 'moved' ? state.seconds.toFixed(1) : state.state})`).join(' ')
}

/** Moves a larger VM there and back over both links, as whoever has used a cluster for a day has: a plan knows a link by earlier moves. */
async function scout(rig: MoveRig, lab: Lab): Promise<void> {
  const guest = new LabGuest(lab, { name: 'scout', memoryMiB: scoutMiB + 96, patternMiB: scoutMiB })
  await guest.start(lab.host(0))
  for (const [from, to] of [['a', 'b'], ['b', 'a'], ['a', 'c'], ['c', 'a']] as const) {
    const { state } = await rig.move(uuidOf('scout'), from, to)
    if (state.state !== 'succeeded') throw new Error(`the scout did not come through: ${JSON.stringify(state)}`)
  }
  await guest.remove(lab.host(0))
}

/** Makes the plan, carries it out whole, and answers both. */
async function carriedOut(rig: MoveRig, request: Plan['request'], signal: AbortSignal): Promise<{ plan: Plan; run: Run; seconds: number }> {
  let plan: Plan | null = null
  for await (const frame of rig.planner.plan(request, signal)) plan = frame
  if (!plan) throw new Error('no plan')
  const id = `bench-${Date.now()}`
  await rig.runs.start({ run: id, request, rows: plan.rows, reason: 'a benchmark', isMaintenance: false, perHost: plan.perHost, perLink: plan.perLink, forecastSeconds: plan.seconds })
  for await (const { runs } of rig.runs.watchAll(signal)) {
    const run = runs.find((each) => each.id === id)
    if (run?.state.state !== 'done') continue
    if (!run.state.isComplete) throw new Error(`${run.state.verdict} ${JSON.stringify(run.rows.map(({ name, state }) => ({ name, state })))}`)
    return { plan, run, seconds: (run.endedAt! - run.createdAt) / 1000 }
  }
  throw new Error('the stream ended')
}
