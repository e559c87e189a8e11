import { Failure } from '../../src-main/base/failure.ts'
import type { GuestDisk, GuestSpec } from './guest-xml.ts'
import { LabGuest } from './guest.ts'
import { GuestWatch } from './guest-watch.ts'
import type { LabHost } from './host.ts'
import type { Lab } from './lab.ts'

/** What the command line says about a guest; all of it optional. */
export interface GuestWords {
  readonly host?: string | undefined
  readonly to?: string | undefined
  readonly memory?: string | undefined
  readonly pattern?: string | undefined
  readonly private?: string | undefined
  readonly rate?: string | undefined
  readonly tick?: string | undefined
  readonly machine?: string | undefined
  readonly disk?: readonly string[] | undefined
  readonly mib?: string | undefined
  readonly cdrom?: string | undefined
  readonly nic?: string | undefined
  readonly vnc?: string | undefined
  readonly postcopy?: boolean | undefined
  readonly transient?: boolean | undefined
}

export const guestUsage = `  npm run lab -- guest start NAME [--host 1] [--memory 96] [--pattern 16] [--private 0] [--rate 2|max] [--tick 20] [--machine pc-q35-7.2]
                               [--disk PATH.raw|PATH.qcow2]... [--mib 32] [--cdrom PATH|empty] [--nic bridge|network] [--vnc PASSWORD|open] [--transient]
  npm run lab -- guest xml NAME [the same]                                      print its definition only
  npm run lab -- guest define NAME [the same]                                   define it, without starting it
  npm run lab -- guest list | verify NAME | ask NAME COMMAND ANSWER | remove NAME
  npm run lab -- guest move NAME --to 2 [--postcopy]                            with virsh, watched from outside
`

function specOf(name: string, words: GuestWords): GuestSpec {
  const disks = (words.disk ?? []).map((path): GuestDisk => ({ path, format: path.endsWith('.qcow2') ? 'qcow2' : 'raw' }))
  if (words.nic !== undefined && words.nic !== 'bridge' && words.nic !== 'network') throw new Failure('usage', '--nic is bridge or network.')
  return {
    name,
    disks,
    ...(words.memory ? { memoryMiB: Number(words.memory) } : {}),
    ...(words.pattern ? { patternMiB: Number(words.pattern) } : {}),
    ...(words.private ? { privatePercent: Number(words.private) } : {}),
    ...(words.rate ? { rate: words.rate === 'max' ? ('max' as const) : Number(words.rate) } : {}),
    ...(words.tick ? { tickMs: Number(words.tick) } : {}),
    ...(words.machine ? { machine: words.machine } : {}),
    ...(words.cdrom ? { cdrom: words.cdrom === 'empty' ? null : words.cdrom } : {}),
    ...(words.nic ? { nic: words.nic } : {}),
    ...(words.vnc ? { vnc: words.vnc === 'open' ? {} : { password: words.vnc } } : {}),
  }
}

/** `lab guest …`: its answer as JSON. */
export async function guestCommand(lab: Lab, words: readonly string[], options: GuestWords, hostOf: (word: string | undefined) => LabHost): Promise<Record<string, unknown>> {
  const [command, name = '', ...rest] = words
  if (command === 'list') return { guests: await list(lab) }
  if (!/^[\w.-]+$/.test(name)) throw new Failure('usage', 'Name the guest, with letters, digits, dots and hyphens.')
  const guest = new LabGuest(lab, specOf(name, options))
  const chosen = () => hostOf(options.host ?? '1')
  switch (command) {
    case 'xml':
      return { xml: guest.xml }
    case 'define':
    case 'start': {
      const host = chosen()
      await guest.createDisks(host, Number(options.mib ?? 32))
      if (command === 'define') await guest.define(host)
      else await guest.start(host, { isTransient: options.transient ?? false })
      return { guest: name, host: host.name, log: guest.logPath(host) }
    }
    case 'verify': {
      const host = await whereRuns(lab, guest)
      return { guest: name, host: host.name, ...(await guest.verify(host)) }
    }
    case 'ask': {
      const host = await whereRuns(lab, guest)
      return { guest: name, host: host.name, line: (await guest.ask(host, rest[0] ?? 'stats', rest[1] ?? 'STATS')).line }
    }
    case 'move': {
      const source = await whereRuns(lab, guest)
      const destination = hostOf(options.to)
      await using watch = await GuestWatch.start(guest, lab.hosts)
      await watch.ticks(lab.hosts.indexOf(source))
      await guest.migrateWithVirsh(source, destination, ['--persistent', '--undefinesource', ...(options.postcopy ? ['--postcopy', '--postcopy-after-precopy'] : [])])
      await watch.ticks(lab.hosts.indexOf(destination))
      return { guest: name, from: source.name, to: destination.name, ...(await guest.verify(destination)), ...(await watch.stop()) }
    }
    case 'remove':
      await guest.remove(...lab.hosts)
      return { guest: name, removed: true }
    default:
      throw new Failure('usage', `There is no “guest ${command ?? ''}”.`)
  }
}

async function whereRuns(lab: Lab, guest: LabGuest): Promise<LabHost> {
  for (const host of lab.hosts) if (host.isRunning && (await guest.isRunning(host))) return host
  throw new Failure('guest-absent', `${guest.name} runs on no host of the lab ${lab.name}.`, { next: `Start it with \`npm run lab -- guest start ${guest.name} --name ${lab.name}\`.` })
}

async function list(lab: Lab): Promise<{ guest: string; host: string; state: string }[]> {
  const found = []
  for (const host of lab.hosts.filter(({ isRunning }) => isRunning)) {
    const names = (await host.virsh(['list', '--all', '--name'])).split('\n').filter(Boolean)
    for (const guest of names) found.push({ guest, host: host.name, state: (await host.virsh(['domstate', guest])).trim() })
  }
  return found
}
