import { buildAgent, Heard, RiggedHost, specOf, startOver } from '../integration/agent-rig.ts'
import { lastPages, scatter } from '../integration/scatter-rig.ts'
import { LabGuest } from '../lab/guest.ts'
import { Lab } from '../lab/lab.ts'
import type { LabHost } from '../lab/host.ts'
import type { Bench } from './run.ts'
import { median, rounded } from './statistics.ts'

/** Of the source and the depots; the destination has an eighth of it, and a thirty-second for flatness. */
const fast = '400mbit'
const slow = { eighth: '50mbit', thirtySecond: '12500kbit' } as const
/** Of the guest's memory, unique and incompressible. */
const filled = 0.75
/** MiB a second, of a guest that writes, in the first so many MiB. */
const writing = { rate: 4, hotMiB: 64 } as const

interface Timing {
  /** From Begin to Confirm's reply: the source is free. Seconds. */
  readonly evict: number
  /** From Begin until Confirm and Finish have been answered. */
  readonly total: number
  readonly backlogMiB: number | null
}

/**
 * Scatter-gather against libvirt's own post-copy: source and three depots at 400 Mbit/s, the destination at 50; the same guests, idle and writing, in turns. The agents are up.
 * `evict_ratio` and `total_ratio` are of idle and writing together. Words: runs, default 3; sizes in MiB, default 1024,512; kinds of guest, default idle,writing.
 */
const bench: Bench = async ([runs = '3', sizes = '1024,512', kinds = 'idle,writing'], signal) => {
  await using lab = await Lab.up({ hosts: [{}, {}, {}, {}, {}], report: (line) => console.log(line), signal })
  const agent = await buildAgent()
  const hosts = lab.hosts as LabHost[]
  const rigged = hosts.map((host) => new RiggedHost({ sshAddress: host.sshAddress, address: host.address }, lab.ssh.configFile, agent.bundle))
  const [source, destination] = rigged as [RiggedHost, RiggedHost]
  const [one, two] = hosts as [LabHost, LabHost]
  const shape = async (to: string | null) => {
    await Promise.all(hosts.map((host, i) => host.shapeLink(to === null ? {} : { rate: i === 1 ? to : fast })))
  }
  try {
    await Promise.all(rigged.map(async (host) => (await host.transport(), host.link.ready(signal))))
    const move = async (guest: LabGuest, way: 'stock' | 'ours', to: string, isEvictionOnly = false): Promise<Timing> => {
      signal.throwIfAborted()
      await shape(to)
      const spec = specOf(guest.name, two, { technique: 'postcopy' })
      const depots = hosts.slice(2).map((host, i) => ({ name: host.name, rigged: rigged[i + 2]!, host }))
      const running = way === 'stock' ? await startOver(source, destination, spec, two) : await scatter({ source, destination, to: two, depots, spec })
      const heard = new Heard(running)
      const confirmed = heard.step('confirm', 'done', 900_000)
      if (isEvictionOnly) {
        await confirmed
        await shape(null)
      }
      confirmed.catch(() => {})
      let backlog: number | null = null
      void confirmed.then(() => (backlog = lastPages(heard)?.backlog ?? null))
      const outcome = await running.ended
      if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome))
      const when = (step: string, state: string) => heard.events.find((event) => event.kind === 'step' && event.step === step && event.state === state)!.t
      const since = when('begin', 'started')
      await shape(null)
      const { bad, badEver } = await guest.verify(two)
      if (bad > 0 || badEver > 0) throw new Error('the guest lost memory')
      await source.link.forget(spec.job)
      const back = await startOver(destination, source, specOf(guest.name, one), one)
      const returned = await back.ended
      if (returned.kind !== 'succeeded') throw new Error(JSON.stringify(returned))
      await destination.link.forget(back.job)
      const timing = { evict: (when('confirm', 'done') - since) / 1000, total: (Math.max(when('confirm', 'done'), when('finish', 'done')) - since) / 1000, backlogMiB: backlog === null ? null : Math.round(backlog / 256) }
      console.log(`${guest.name} ${way} at ${to}: source free after ${timing.evict.toFixed(1)} s, complete after ${timing.total.toFixed(1)} s${timing.backlogMiB === null ? '' : `, ${timing.backlogMiB} MiB to gather`}; faults ${JSON.stringify(lastPages(heard)?.faults ?? null)}`)
      return timing
    }
    const taken: Record<string, Timing[]> = {}
    const flat: Record<keyof typeof slow, number[]> = { eighth: [], thirtySecond: [] }
    for (const size of sizes.split(',').map(Number)) {
      for (const kind of kinds.split(',')) {
        const guest = new LabGuest(lab, { name: `bench-${size}-${kind}`, memoryMiB: size, patternMiB: Math.floor(size * filled), verifyPercent: 0, tickMs: 100, ...(kind === 'writing' ? writing : { rate: 0 }) })
        await guest.start(one, { signal })
        for (let run = 0; run < Number(runs); run++) {
          for (const way of run % 2 === 0 ? (['stock', 'ours'] as const) : (['ours', 'stock'] as const)) (taken[`${size} ${way}`] ??= []).push(await move(guest, way, slow.eighth))
          if (kind !== 'idle' || size !== Math.max(...sizes.split(',').map(Number))) continue
          for (const rate of ['eighth', 'thirtySecond'] as const) flat[rate].push((await move(guest, 'ours', slow[rate], true)).evict)
        }
        await guest.remove(...hosts)
      }
    }
    const of = (size: number, way: string, what: 'evict' | 'total') => median((taken[`${size} ${way}`] ?? []).map((one) => one[what]))
    const evict = (size: number) => rounded(of(size, 'stock', 'evict') / of(size, 'ours', 'evict'), 3)
    const largest = Math.max(...sizes.split(',').map(Number))
    return {
      evict_ratio: evict(largest),
      ...(sizes.split(',').includes('512') ? { evict_ratio_512: evict(512) } : {}),
      total_ratio: rounded(Math.max(...sizes.split(',').map((size) => of(Number(size), 'ours', 'total') / of(Number(size), 'stock', 'total'))), 3),
      flatness: rounded(median(flat.thirtySecond) / median(flat.eighth), 3),
      evict_s: Object.fromEntries(Object.entries(taken).map(([name, times]) => [name, rounded(median(times.map((one) => one.evict)), 3)])),
      total_s: Object.fromEntries(Object.entries(taken).map(([name, times]) => [name, rounded(median(times.map((one) => one.total)), 3)])),
    }
  } finally {
    for (const host of rigged) host.close()
    agent.remove()
  }
}

export default bench
