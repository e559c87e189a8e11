import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Job } from '../../src-main/contract/job.ts'
import { MoveRig } from '../integration/move-rig.ts'
import { LabGuest } from '../lab/guest.ts'
import { GuestWatch } from '../lab/guest-watch.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import { Lab } from '../lab/lab.ts'
import { medianTimeline, timelineOf, type Timeline } from './move-timeline.ts'
import { PythonClient } from './python-client.ts'
import type { Bench } from './run.ts'
import { median, medianInterval, rounded } from './statistics.ts'

const name = 'bench-move'
const hostNames = ['one', 'two'] as const
/** 600 MiB of the guest's memory are random and checksummed, 2 MiB/s of them change; the hosts' links carry 1 Gbit/s: about 6 s a move. */
const usualMiB = 600
const linkRate = '1gbit'

interface Move {
  readonly ms: number
  /** Seen from outside, to within a tick. */
  readonly downtimeMs: number
}

/**
 * A pre-copy move by Drover (from the command to the job's end, driven by the agent, preflight just behind it as after the dialog) over the same move by a python3-libvirt client
 * whose connections over SSH stand: same flags, same URI. They take turns, each pair one there and one back, and which goes first changes. Words: pairs, default 20; MiB of the guest that are
 * filled, default 600.
 */
const bench: Bench = async ([pairCount = '20', filledMiB = String(usualMiB)], signal) => {
  await promisify(execFile)(process.execPath, [join(import.meta.dirname, '../../build/bundles.ts')])
  await using lab = await Lab.up({ hosts: [{}, {}], report: console.log, signal })
  const folder = mkdtempSync(join(tmpdir(), 'drover-bench-'))
  // libvirt's SSH transport runs ssh, which takes its home from the password file: only a command of its own can be told where the keys are.
  const ssh = join(folder, 'ssh')
  writeFileSync(ssh, `#!/bin/sh\nexec ssh -F ${lab.ssh.configFile} "$@"\n`, { mode: 0o755 })
  const rig = await MoveRig.open({ sshConfig: lab.ssh.configFile, hosts: hostNames.map((host, i) => ({ name: host, address: lab.host(i).sshAddress })) })
  const python = new PythonClient(process.env)
  try {
    for (const host of lab.hosts) await host.shapeLink({ rate: linkRate })
    const guest = new LabGuest(lab, { name, memoryMiB: Number(filledMiB) + 424, patternMiB: Number(filledMiB), rate: 2, hotMiB: 32, tickMs: 10, verifyPercent: 1 })
    await guest.start(lab.host(0), { signal })
    for (const [i, host] of hostNames.entries()) {
      await python.ask({ do: 'open', name: host, uri: `qemu+ssh://root@${lab.host(i).address}/system?command=${encodeURIComponent(ssh)}` })
    }
    const timelines: Timeline[] = []
    let at = 0
    const timed = async (move: (from: number, to: number) => Promise<number>): Promise<Move> => {
      const to = 1 - at
      await using watch = await GuestWatch.start(guest, lab.hosts)
      await watch.ticks(at, 50, 120_000)
      const ms = await move(at, to)
      await watch.ticks(to, 50, 120_000)
      at = to
      const { moveGapMs, bad } = await watch.stop()
      if (bad.length > 0 || moveGapMs === null) throw new Error(`the guest did not come through: ${bad.join('; ')}`)
      return { ms, downtimeMs: moveGapMs }
    }
    const byPython = () => timed(async (from, to) => (await python.ask({ do: 'move', from: hostNames[from], to: hostNames[to], vm: name, uri: `tcp://${lab.host(to).address}`, persistent: true })).ms)
    const byDrover = () =>
      timed(async (from, to) => {
        const plan = await rig.plan(uuidOf(name), hostNames[from]!, hostNames[to]!, { technique: 'precopy', driver: 'agent' })
        await rig.migration.preflight([plan], signal)
        const id = `bench-${Date.now()}`
        const startedAt = performance.now()
        const ended = endOf(rig.jobs, id)
        await rig.start(plan, id)
        const log = rig.jobs.open(id)
        const job = await ended
        const ms = performance.now() - startedAt
        if (job.state.state !== 'succeeded') throw new Error(`${JSON.stringify(job.state)}\n${await rig.log(id)}`)
        const wall = performance.timeOrigin + startedAt
        if (log) timelines.push(timelineOf(log.log, wall, wall + ms))
        return ms
      })
    // The first of each brings agents, fills caches and compiles; it is not counted.
    await byDrover()
    await byPython()
    timelines.length = 0
    const ours: Move[] = []
    const theirs: Move[] = []
    for (let pair = 0; pair < Number(pairCount); pair++) {
      signal.throwIfAborted()
      const isOursFirst = pair % 4 === 0 || pair % 4 === 3
      if (isOursFirst) ours.push(await byDrover())
      theirs.push(await byPython())
      if (!isOursFirst) ours.push(await byDrover())
      const [mine, other] = [ours.at(-1)!, theirs.at(-1)!]
      console.log(`pair ${pair + 1}: drover ${shown(mine)}, python ${shown(other)}; ${JSON.stringify(timelines.at(-1))}`)
    }
    if ((await guest.verify(lab.host(at))).badEver > 0) throw new Error('the guest lost memory')
    const ratios = ours.map(({ ms }, i) => ms / theirs[i]!.ms)
    const downtimeRatios = ours.map(({ downtimeMs }, i) => downtimeMs / theirs[i]!.downtimeMs)
    return {
      ratio: rounded(median(ratios)),
      ratio_interval: medianInterval(ratios).map((n) => rounded(n)),
      downtime_ratio: rounded(median(downtimeRatios)),
      downtime_interval: medianInterval(downtimeRatios).map((n) => rounded(n)),
      drover_ms: Math.round(median(ours.map(({ ms }) => ms))),
      python_ms: Math.round(median(theirs.map(({ ms }) => ms))),
      drover_downtime_ms: rounded(median(ours.map(({ downtimeMs }) => downtimeMs))),
      python_downtime_ms: rounded(median(theirs.map(({ downtimeMs }) => downtimeMs))),
      where: medianTimeline(timelines),
    }
  } finally {
    python.close()
    await rig.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

export default bench

/** The job once it has ended, however long that takes. */
function endOf(jobs: MoveRig['jobs'], id: string): Promise<Job> {
  return new Promise((resolve) => {
    const subscription = jobs.onDidChange((job) => {
      if (job.id !== id || job.endedAt === null) return
      subscription.dispose()
      resolve(job)
    })
  })
}

function shown({ ms, downtimeMs }: Move): string {
  return `${(ms / 1000).toFixed(2)} s (still for ${downtimeMs.toFixed(0)} ms)`
}
