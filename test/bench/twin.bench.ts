import { randomBytes } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { WorldRig } from '../../src-main/twin/world.fixture.ts'
import type { LabDescription } from '../../src-main/twin/lab.ts'
import { LibvirtRig } from '../integration/libvirt-rig.ts'
import type { Side } from '../integration/protocol-script.ts'
import { LabGuest } from '../lab/guest.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import { imagesFolder } from '../lab/places.ts'
import { Lab } from '../lab/lab.ts'
import type { Bench } from './run.ts'
import { median, rounded } from './statistics.ts'
import { moveOf, type BenchClock, type MoveFigures } from './twin-move.ts'
import { guestMiB, labCosts, pairs, shapeOf, type Pair } from './twin-pairs.ts'

const real: BenchClock = { now: () => performance.now(), pass: async (milliseconds) => void (await sleep(milliseconds)) }
/** Virtual over real time: slow enough that the wait of this process for its own turn is nothing. */
const speed = 4

/**
 * The same guests, links and moves on the lab in a box and on the twin, and how far apart they are: medians of |twin − lab| / lab over the pairs. Words: names of the pairs to
 * run (default all).
 */
const bench: Bench = async (words, signal) => {
  const wanted = pairs.filter(({ name }) => words.length === 0 || words.includes(name))
  await using lab = await Lab.up({ hosts: [{}, {}], report: console.log, signal })
  const errors: { time: number[]; bytes: number[]; downtime: number[] } = { time: [], bytes: [], downtime: [] }
  const shown: Record<string, unknown> = {}
  const usedPages = await measureUsed(lab, signal)
  console.log(`the guest has ${(usedPages / 256).toFixed(0)} MiB with content`)
  for (const pair of wanted) {
    signal.throwIfAborted()
    const [onLab, onTwin] = [await moveInLab(lab, pair, signal), await moveInTwin(pair, usedPages / 256)]
    const far = (of: (figures: MoveFigures) => number) => Math.abs(of(onTwin) - of(onLab)) / of(onLab)
    const apart = { time: far(({ ms }) => ms), bytes: far(({ bytes }) => bytes), downtime: far(({ downtimeMs }) => downtimeMs) }
    errors.time.push(apart.time)
    errors.bytes.push(apart.bytes)
    errors.downtime.push(apart.downtime)
    shown[pair.name] = { lab: brief(onLab), twin: brief(onTwin), time: rounded(apart.time, 2), bytes: rounded(apart.bytes, 2), downtime: rounded(apart.downtime, 2) }
    console.log(`${pair.name}: ${JSON.stringify(shown[pair.name])}`)
  }
  return { time_error: rounded(median(errors.time), 3), bytes_error: rounded(median(errors.bytes), 3), downtime_error: rounded(median(errors.downtime), 3), pairs: shown }
}

export default bench

function brief({ ms, bytes, downtimeMs, iterations }: MoveFigures): Record<string, number> {
  return { s: rounded(ms / 1000, 3), MiB: Math.round(bytes / 1024 ** 2), downtime_ms: Math.round(downtimeMs), rounds: iterations }
}

/** How much of an idle guest's memory has content is what the twin cannot know: it is read off a move over a plain cable. */
async function measureUsed(lab: Lab, signal: AbortSignal): Promise<number> {
  const { normalPages } = await moveInLab(lab, { name: 'measured', link: { mbps: 10_000 }, rate: 0, hotMiB: 1 }, signal)
  return normalPages
}

async function moveInLab(lab: Lab, pair: Pair, signal: AbortSignal): Promise<MoveFigures> {
  const name = `twin-${pair.name.replaceAll(' ', '-')}`
  const path = `${imagesFolder}/${name}.raw`
  const guest = new LabGuest(lab, {
    name,
    memoryMiB: guestMiB.memory,
    patternMiB: guestMiB.pattern,
    rate: pair.rate,
    hotMiB: pair.hotMiB,
    tickMs: 100,
    verifyPercent: 0,
    ...(pair.diskMiB ? { disks: [{ path, format: 'raw' as const }] } : {}),
  })
  const rig = new LibvirtRig()
  const ends = { left: lab.host(0), right: lab.host(1) }
  try {
    if (pair.diskMiB) {
      await guest.createDisks(ends.left, pair.diskMiB.size)
      await guest.createDisks(ends.right, pair.diskMiB.size)
      fill(ends.left.onMachine(path), pair.diskMiB.used)
    }
    for (const host of lab.hosts) await host.shapeLink(shapeOf(pair))
    await guest.start(ends.left, { signal })
    const side: Side = { domain: { name, uuid: uuidOf(name), id: -1 }, open: (end, options) => rig.open(ends[end], options), address: (end) => ends[end].address }
    const figures = await moveOf(side, pair, real)
    if ((await guest.verify(ends.right)).badEver > 0) throw new Error(`${pair.name}: the guest lost memory`)
    return figures
  } finally {
    rig.close()
    await guest.remove(...lab.hosts)
    for (const host of lab.hosts) await host.shapeLink({})
  }
}

async function moveInTwin(pair: Pair, usedMiB: number): Promise<MoveFigures> {
  const pools = [{ name: 'images', path: imagesFolder, capacityGiB: 100 }]
  const described: LabDescription = {
    name: 'bench',
    title: 'Bench',
    // Both ends of a cable delay, so each of two cables has its part.
    hosts: ['left', 'right'].map((id) => ({ id, cpus: 8, memoryMiB: 8192, link: { latencyMs: 0.02, ...pair.link }, pools, costs: labCosts })),
    vms: [
      {
        name: 'guest',
        host: 'left',
        memoryMiB: guestMiB.memory,
        usedMiB,
        workingSetMiB: pair.hotMiB,
        vcpus: 1,
        process: { kind: 'fixed', mibPerSecond: pair.rate, pattern: 'sweep' },
        disks: pair.diskMiB ? [{ pool: 'images', sizeGiB: pair.diskMiB.size / 1024, usedGiB: pair.diskMiB.used / 1024, format: 'raw' }] : [],
      },
    ],
  }
  const rig = new WorldRig(described, { speed })
  const { clock } = rig.world
  const virtual: BenchClock = {
    now: () => {
      clock.catchUp()
      return clock.now
    },
    pass: (milliseconds) => new Promise((resolve) => clock.after(milliseconds, resolve)),
  }
  // The world's timer keeps no program alive.
  const awake = setInterval(() => {}, 1000)
  try {
    return await moveOf({ domain: rig.domain('guest'), open: (end, options) => rig.open(end, options), address: (end) => rig.world.machineAt(end)!.address }, pair, virtual)
  } finally {
    clearInterval(awake)
    rig.close()
  }
}

function fill(path: string, mib: number): void {
  const file = openSync(path, 'r+')
  try {
    for (let i = 0; i < mib; i++) writeSync(file, randomBytes(1024 ** 2), 0, 1024 ** 2, i * 1024 ** 2)
  } finally {
    closeSync(file)
  }
}
