import { createCipheriv, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fingerprintOf } from '../../src-main/agent/pages/fingerprint.ts'
import { hashOf } from '../../src-main/agent/pages/page-hash.ts'
import { streamOf } from '../../src-main/agent/pages/stream.fixture.ts'
import type { MoveSpec } from '../../src-main/agent/protocol/move-spec.ts'
import { StreamReader } from '../../src-main/agent/stream/stream-reader.ts'
import { agentOn, buildAgent, Heard, RiggedHost, specOf, startOver } from '../integration/agent-rig.ts'
import { LabGuest } from '../lab/guest.ts'
import { Lab } from '../lab/lab.ts'
import type { LabHost } from '../lab/host.ts'
import type { Bench } from './run.ts'
import { median, rounded } from './statistics.ts'

const guestMiB = 1024
/** Of the guest's memory, unique and incompressible; the guest is idle. */
const filledMiB = 768
const linkRate = '1gbit'
/** Of a CPU's ticks, which the kernel says are 1/100 s to every program (proc(5), USER_HZ). */
const ticksPerSecond = 100
const gib = 1024 ** 3

/** How the memory travels: from QEMU to QEMU, or through both agents. */
const ways = {
  direct: () => undefined,
  pass: () => ({ mode: 'pass' as const }),
  /** A gang of one: everything is taken apart, fingerprinted, kept at the destination, and next to nothing is found twice. */
  dedup: () => ({
    mode: 'gang' as const,
    gang: { id: `bench-${randomBytes(6).toString('hex')}`, vm: 0, vms: 1, destination: 'two', rack: null, reaches: [], storeMiB: 256, residentMiB: 0, bandwidthMiBps: null, switching: 1 },
  }),
} satisfies Record<string, () => MoveSpec['relay']>
type Way = keyof typeof ways

interface Move {
  /** From Begin to Finish, in seconds. */
  readonly seconds: number
  /** CPU seconds of each agent. */
  readonly source: number
  readonly destination: number
  /** Bytes that went from QEMU to QEMU. */
  readonly bytes: number
}

/**
 * What it costs to carry a VM's memory through the agents: the same guest, moved by pre-copy directly and in each other way, in turns; first with the hosts' links at 1 Gbit/s, then with plain ones, where
 * the CPU is the limit. The agents are up. Words: runs, default 5; MiB of the guest that are filled, default 768.
 */
const bench: Bench = async ([runs = '5', filled = String(filledMiB)], signal) => {
  const agent = await buildAgent()
  await using lab = await Lab.up({ hosts: [{}, {}], report: console.log, signal })
  const hosts = lab.hosts as [LabHost, LabHost]
  const rigged = hosts.map((host) => new RiggedHost({ sshAddress: host.sshAddress, address: host.address }, lab.ssh.configFile, agent.bundle))
  try {
    const guest = new LabGuest(lab, { name: 'bench-relay', memoryMiB: guestMiB, patternMiB: Number(filled), rate: 0, verifyPercent: 0, tickMs: 100 })
    await guest.start(hosts[0], { signal })
    await Promise.all(rigged.map(async (host) => (await host.transport(), host.link.ready(signal))))
    let at = 0
    const move = async (way: Way): Promise<Move> => {
      signal.throwIfAborted()
      const to = 1 - at
      const spec = specOf(guest.name, hosts[to]!)
      const relay = ways[way]()
      const before = hosts.map(cpuOfAgent)
      const running = await startOver(rigged[at]!, rigged[to]!, { ...spec, ...(relay ? { relay } : {}) }, hosts[to]!)
      const heard = new Heard(running)
      const outcome = await running.ended
      if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome))
      const when = (step: string, state: string) => heard.events.find((event) => event.kind === 'step' && event.step === step && event.state === state)!.t
      const after = hosts.map(cpuOfAgent)
      const [source, destination] = [at, to].map((i) => after[i]! - before[i]!) as [number, number]
      at = to
      await rigged[1 - to]!.link.forget(spec.job)
      return { seconds: (when('finish', 'done') - when('begin', 'started')) / 1000, source, destination, bytes: outcome.figures.bytes ?? 0 }
    }
    const measure = async (what: string): Promise<Record<Way, Move[]>> => {
      const names = Object.keys(ways) as Way[]
      const taken = Object.fromEntries(names.map((name) => [name, [] as Move[]])) as Record<Way, Move[]>
      // The first of each compiles and is not counted.
      for (const name of names) await move(name)
      for (let run = 0; run < Number(runs); run++) {
        const order = run % 2 === 0 ? names : [...names].reverse()
        for (const name of order) taken[name].push(await move(name))
        console.log(`${what}, run ${run + 1}: ${names.map((name) => shown(name, taken[name].at(-1)!)).join('; ')}`)
      }
      return taken
    }
    await verified(guest, hosts[at]!)
    for (const host of hosts) await host.shapeLink({ rate: linkRate })
    const shaped = await measure(linkRate)
    for (const host of hosts) await host.shapeLink({})
    const plain = await measure('plain')
    await verified(guest, hosts[at]!)
    const seconds = (moves: readonly Move[]) => median(moves.map((one) => one.seconds))
    const throughput = (moves: readonly Move[]) => median(moves.map((one) => one.bytes / one.seconds / 1e6))
    /** The dearer of the two agents, for a GiB that went through it: pages of zeros, which cost next to nothing, are not counted. */
    const cpu = (moves: readonly Move[]) => median(moves.map(({ source, destination, bytes }) => Math.max(source, destination) / (bytes / gib)))
    const ratio = (way: Way) => rounded(seconds(shaped.direct) / seconds(shaped[way]), 3)
    return {
      pass_ratio: ratio('pass'),
      dedup_ratio: ratio('dedup'),
      cpu_s_per_gib_pass: rounded(cpu(plain.pass), 3),
      cpu_s_per_gib_dedup: rounded(cpu(plain.dedup), 3),
      of_it_s_per_gib: costs(),
      unshaped_mb_per_s: Object.fromEntries(Object.entries(plain).map(([way, moves]) => [way, Math.round(throughput(moves))])),
      shaped_s: Object.fromEntries(Object.entries(shaped).map(([way, moves]) => [way, rounded(seconds(moves), 3)])),
    }
  } finally {
    for (const host of rigged) host.close()
    agent.remove()
  }
}

export default bench

async function verified(guest: LabGuest, at: LabHost): Promise<void> {
  const { bad, badEver } = await guest.verify(at)
  if (bad > 0 || badEver > 0) throw new Error('the guest lost memory')
}

/** User and system time of the agent of a host, with all its threads (proc_pid_stat(5), fields 14 and 15). */
function cpuOfAgent(host: LabHost): number {
  const fields = readFileSync(`/proc/${agentOn(host)}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** What each part of the work takes by itself on one CPU, in seconds per GiB of pages: TLS 1.3's cipher at either end, taking a stream apart, a page's fingerprint, and its SHA-256. */
function costs(): Record<string, number> {
  const pages = Array.from({ length: 4096 }, () => randomBytes(4096))
  const stream = streamOf(pages)
  const key = randomBytes(32)
  const timed = (act: () => void) => {
    act()
    const startedAt = performance.now()
    for (let i = 0; i < 8; i++) act()
    return rounded(((performance.now() - startedAt) / 1000 / 8) * (gib / (pages.length * 4096)), 3)
  }
  return {
    tls: timed(() => {
      const cipher = createCipheriv('aes-256-gcm', key, key.subarray(0, 12))
      for (let at = 0; at < stream.length; at += 16_384) cipher.update(stream.subarray(at, at + 16_384))
    }),
    parse: timed(() => new StreamReader({ record: () => {}, page: () => {}, zero: () => {} }).push(stream)),
    fingerprint: timed(() => pages.forEach((page) => fingerprintOf(page))),
    sha256: timed(() => pages.forEach((page) => hashOf(page))),
  }
}

function shown(name: string, { seconds, source, destination, bytes }: Move): string {
  return `${name} ${seconds.toFixed(2)} s, ${(bytes / 1e6).toFixed(0)} MB, agents ${source.toFixed(2)} and ${destination.toFixed(2)} CPU s`
}
