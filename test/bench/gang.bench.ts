import type { PageFigures } from '../../src-main/agent/protocol/page-figures.ts'
import { buildAgent, Heard, RiggedHost, specOf, startOver } from '../integration/agent-rig.ts'
import { LabGuest } from '../lab/guest.ts'
import { GuestWatch } from '../lab/guest-watch.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import type { Bench } from './run.ts'
import { median, rounded } from './statistics.ts'

const linkRate = '250mbit'
const memoryMiB = 256
const filledMiB = 128
/** Sixteen QEMUs emulate on the machine's few cores, and each tick of eight guests costs them: every 50 ms, it was more than the moves themselves. */
const tickMs = 100
const storeMiB = 1024
const residentMiB = 256

interface Moved {
  /** From the first command until the last VM had moved, in seconds. */
  readonly seconds: number
  /** What the source's cable carried to the destination, in bytes. */
  readonly bytes: number
  /** Seen from outside, mean over the VMs, in milliseconds. */
  readonly downtimeMs: number
  /** Of a gang, over all of its VMs. */
  readonly pages: PageFigures['classes'] | null
}

/**
 * Eight clones (one image, no KASLR) of 256 MiB, each with 128 MiB of data of which a tenth is its own, over a link of 250 Mbit/s: as a gang, over the same VMs moved in parallel by virsh. They take turns,
 * there and back. Then the same for four guests that have nothing in common but their system. Everything that crosses the cable counts. Words: runs, default 5; VMs, default 8; VMs of the unlike ones, default 4.
 */
const bench: Bench = async ([runs = '5', vms = '8', unlikeVms = '4'], signal) => {
  const agent = await buildAgent()
  await using lab = await Lab.up({ hosts: [{}, {}], report: console.log, signal })
  const hosts = lab.hosts as [LabHost, LabHost]
  const rigged = hosts.map((host) => new RiggedHost({ sshAddress: host.sshAddress, address: host.address }, lab.ssh.configFile, agent.bundle)) as [RiggedHost, RiggedHost]
  try {
    await Promise.all(rigged.map(async (host) => (await host.transport(), host.link.ready(signal))))
    const rig: Rig = { lab, hosts, rigged, signal }
    const clones = await measured(rig, 'clone', Number(runs), Array.from({ length: Number(vms) }, () => ({ privatePercent: 10 })))
    const unlike = await measured(rig, 'unlike', Number(runs), Array.from({ length: Number(unlikeVms) }, (_, i) => ({ seed: 100 + i })))
    return { ...clones, unlike }
  } finally {
    for (const host of rigged) host.close()
    agent.remove()
  }
}

export default bench

interface Rig {
  readonly lab: Lab
  readonly hosts: readonly [LabHost, LabHost]
  readonly rigged: readonly [RiggedHost, RiggedHost]
  readonly signal: AbortSignal
}

async function measured(rig: Rig, kind: string, runs: number, specs: readonly { privatePercent?: number; seed?: number }[]): Promise<Record<string, unknown>> {
  const { lab, hosts, signal } = rig
  const guests = specs.map((spec, i) => new LabGuest(lab, { name: `bench-${kind}-${i}`, memoryMiB, patternMiB: filledMiB, tickMs, verifyPercent: 0, ...spec }))
  for (const guest of guests) await guest.start(hosts[0], { signal })
  for (const host of hosts) await host.shapeLink({ rate: linkRate })
  let at = 0
  const turn = async (move: (from: number, to: number) => Promise<PageFigures['classes'] | null>): Promise<Moved> => {
    signal.throwIfAborted()
    const [from, to] = [at, 1 - at]
    const watches = await Promise.all(guests.map((guest) => GuestWatch.start(guest, hosts)))
    await Promise.all(watches.map((watch) => watch.ticks(from, 20, 120_000)))
    const before = await sentBy(hosts[from]!)
    const startedAt = performance.now()
    const pages = await move(from, to)
    const seconds = (performance.now() - startedAt) / 1000
    const bytes = (await sentBy(hosts[from]!)) - before
    await Promise.all(watches.map((watch) => watch.ticks(to, 20, 120_000)))
    at = to
    const gaps: number[] = []
    for (const watch of watches) {
      const { moveGapMs, bad } = await watch.stop()
      if (moveGapMs === null || bad.length > 0) throw new Error(`a guest did not come through: ${bad.join('; ')}`)
      gaps.push(moveGapMs)
    }
    return { seconds, bytes, downtimeMs: gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length, pages }
  }
  const asGang = () => turn((from, to) => moveAsGang(rig, guests, from, to))
  const plainly = () =>
    turn(async (from, to) => {
      await Promise.all(guests.map((guest) => guest.migrateWithVirsh(hosts[from]!, hosts[to]!)))
      return null
    })
  const ours: Moved[] = []
  const theirs: Moved[] = []
  // The first of each compiles and fills caches; it is not counted.
  await asGang()
  await plainly()
  for (let run = 0; run < runs; run++) {
    if (run % 2 === 0) ours.push(await asGang())
    theirs.push(await plainly())
    if (run % 2 === 1) ours.push(await asGang())
    console.log(`${kind}, run ${run + 1}: gang ${shown(ours.at(-1)!)}; plain ${shown(theirs.at(-1)!)}; ${JSON.stringify(ours.at(-1)!.pages)}`)
  }
  for (const host of hosts) await host.shapeLink({})
  for (const guest of guests) if ((await guest.verify(hosts[at]!, signal)).badEver > 0) throw new Error(`${guest.name} lost memory`)
  await Promise.all(guests.map((guest) => guest.remove(...hosts)))
  const ratio = (of: (one: Moved) => number) => rounded(median(ours.map(of)) / median(theirs.map(of)), 3)
  const { unique, inVm, acrossVms, alreadyThere, zero } = ours.at(-1)!.pages!
  const full = unique + inVm + acrossVms + alreadyThere
  return {
    bytes_ratio: ratio((one) => one.bytes),
    time_ratio: ratio((one) => one.seconds),
    downtime_ratio: ratio((one) => one.downtimeMs),
    pages: { unique, inVm, acrossVms, alreadyThere, zero },
    /** Pages that did not cross, of those that are not zero, and of all. */
    deduplicated: rounded(1 - unique / full, 3),
    deduplicated_with_zeros: rounded(1 - unique / (full + zero), 3),
    seconds: [ours, theirs].map((moves) => rounded(median(moves.map((one) => one.seconds)), 3)),
    megabytes: [ours, theirs].map((moves) => Math.round(median(moves.map((one) => one.bytes)) / 1e6)),
    downtime_ms: [ours, theirs].map((moves) => Math.round(median(moves.map((one) => one.downtimeMs)))),
  }
}

async function moveAsGang({ hosts, rigged }: Rig, guests: readonly LabGuest[], from: number, to: number): Promise<PageFigures['classes']> {
  const id = `gang-${Math.random().toString(36).slice(2, 12)}`
  const totals = { unique: 0, inVm: 0, acrossVms: 0, alreadyThere: 0, zero: 0 }
  await Promise.all(
    guests.map(async ({ name }, vm) => {
      const gang = { id, vm, vms: guests.length, destination: hosts[to]!.name, rack: null, reaches: [], storeMiB, residentMiB, bandwidthMiBps: null, switching: 1 }
      const running = await startOver(rigged[from]!, rigged[to]!, { ...specOf(name, hosts[to]!), relay: { mode: 'gang', gang } }, hosts[to]!)
      const heard = new Heard(running)
      const outcome = await running.ended
      if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome))
      const last = heard.events.findLast((event) => event.kind === 'pages')
      if (last?.kind === 'pages') for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += last.pages.classes[key]
      await rigged[from]!.link.forget(running.job)
    }),
  )
  return totals
}

async function sentBy(host: LabHost): Promise<number> {
  return Number(await host.run(['cat', '/sys/class/net/eth0/statistics/tx_bytes']))
}

function shown({ seconds, bytes, downtimeMs }: Moved): string {
  return `${seconds.toFixed(1)} s, ${(bytes / 1e6).toFixed(0)} MB, still for ${downtimeMs.toFixed(0)} ms`
}
