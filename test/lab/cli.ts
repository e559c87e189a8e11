import { parseArgs } from 'node:util'
import { Failure, messageOf } from '../../src-main/base/failure.ts'
import { generations, type Generation } from './generation.ts'
import { guestCommand, guestUsage } from './guest-commands.ts'
import type { HostSpec } from './host-spec.ts'
import { userName } from './host-spec.ts'
import { labNames } from './lab-state.ts'
import { Lab } from './lab.ts'
import type { LinkShape } from './link.ts'
import { startSampleGuests } from './sample-guests.ts'

const usage = `Real libvirt hosts in a box (Linux, as root).

  npm run lab -- up N [--generation 12,12,13] [--user-host 2] [--node-host 1] [--guests 2]
                                                                                bring a lab of N hosts up, each with so many guests
  npm run lab -- down [--all]                                                   end it, leaving nothing behind
  npm run lab -- status                                                         what runs, and the files for SSH
  npm run lab -- link HOST [--rate 100mbit] [--delay 5ms] [--loss 0]            shape a host's cable; without options: plain again
  npm run lab -- link HOST --cut | --restore                                    silence a host's cable, and undo it
  npm run lab -- exec HOST -- PROGRAM ARG...                                    run a program on a host, as root
  npm run lab -- host HOST destroy | restart | kill-libvirtd | restart-libvirtd | count
${guestUsage}
HOST is a number (from 1) or a name. Options for all: --name NAME (default: lab), --json (the last line is JSON).
`

const { values, positionals } = readArguments()

function readArguments() {
  try {
    return parseWords()
  } catch (thrown) {
    process.stderr.write(`${messageOf(thrown)}\n\n${usage}`)
    process.exit(2)
  }
}

function parseWords() {
  return parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string', default: 'lab' },
      json: { type: 'boolean', default: false },
      generation: { type: 'string' },
      'user-host': { type: 'string', multiple: true, default: [] },
      'node-host': { type: 'string', multiple: true, default: [] },
      rate: { type: 'string' },
      delay: { type: 'string' },
      loss: { type: 'string' },
      guests: { type: 'string', default: '0' },
      cut: { type: 'boolean', default: false },
      restore: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      host: { type: 'string' },
      to: { type: 'string' },
      memory: { type: 'string' },
      pattern: { type: 'string' },
      private: { type: 'string' },
      tick: { type: 'string' },
      machine: { type: 'string' },
      disk: { type: 'string', multiple: true },
      mib: { type: 'string' },
      cdrom: { type: 'string' },
      nic: { type: 'string' },
      vnc: { type: 'string' },
      postcopy: { type: 'boolean' },
      transient: { type: 'boolean' },
      help: { type: 'boolean', default: false },
    },
  })
}

type Answer = Record<string, unknown>

/** Progress goes to stderr, so that stdout stays the answer's. */
const report = (line: string) => process.stderr.write(`${line}\n`)

function required(): Lab {
  const lab = Lab.find(values.name)
  if (lab) return lab
  throw new Failure('lab-absent', `No lab called ${values.name} is up.`, { next: `Bring it up with \`npm run lab -- up 2 --name ${values.name}\`.` })
}

function hostOf(lab: Lab, word: string | undefined) {
  const host = lab.hosts.find(({ number, name }) => word === String(number) || word === name)
  if (host) return host
  throw new Failure('lab-host', `The lab ${lab.name} has no host “${word ?? ''}”.`, { next: `It has ${lab.hosts.map(({ name }) => name).join(', ')}.` })
}

function describe(lab: Lab): Answer {
  return {
    name: lab.name,
    running: true,
    ssh: lab.ssh,
    hosts: lab.hosts.map((host) => ({
      number: host.number,
      name: host.name,
      address: host.address,
      url: host.sshAddress,
      uuid: host.record.uuid,
      generation: host.record.generation,
      running: host.isRunning,
      folder: host.folder,
      ...(host.record.hasUser ? { user: userName, password: lab.state.userPassword } : {}),
    })),
    shared: lab.host(0).onMachine('/var/lib/libvirt/images/shared'),
    guest: { kernel: lab.state.kernel, initramfs: lab.state.initramfs },
  }
}

function specs(count: number): HostSpec[] {
  const wanted = values.generation?.split(',').map(Number) ?? []
  for (const each of wanted) {
    if (!generations.includes(each as Generation)) throw new Failure('lab-generation', `There is no generation ${each}.`, { next: `Use ${generations.join(' or ')}.` })
  }
  const isListed = (list: readonly string[], number: number) => list.join(',').split(',').includes(String(number))
  return Array.from({ length: count }, (_, index) => ({
    generation: (wanted[index] ?? wanted.at(-1) ?? 12) as Generation,
    hasUser: isListed(values['user-host'], index + 1),
    hasNode: isListed(values['node-host'], index + 1),
  }))
}

async function up(): Promise<Answer> {
  const count = Number(positionals[1] ?? 2)
  const started = performance.now()
  const abort = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort(new Failure('lab-interrupted', 'Interrupted.')))
  const lab = await Lab.up({ name: values.name, hosts: specs(count), hasOwner: false, report, signal: abort.signal })
  const seconds = Number(((performance.now() - started) / 1000).toFixed(1))
  report(`${count} hosts are up in ${seconds} s.`)
  const guests = await startSampleGuests(lab, Number(values.guests) || 0)
  return { ...describe(lab), seconds, guests }
}

async function down(): Promise<Answer> {
  const names = values.all ? labNames() : [values.name]
  for (const name of names) await Lab.remove(name)
  return { down: names }
}

function status(): Answer {
  const lab = Lab.find(values.name)
  return { ...(lab ? describe(lab) : { name: values.name, running: false, hosts: [] }), labs: labNames().filter((name) => Lab.find(name)) }
}

async function link(): Promise<Answer> {
  const host = hostOf(required(), positionals[1])
  if (values.cut) await host.cutLink()
  else if (values.restore) await host.restoreLink()
  else {
    const shape: LinkShape = {
      ...(values.rate ? { rate: values.rate } : {}),
      ...(values.delay ? { delay: values.delay } : {}),
      ...(values.loss ? { loss: Number(values.loss) } : {}),
    }
    await host.shapeLink(shape)
    return { host: host.name, ...shape }
  }
  return { host: host.name, cut: values.cut }
}

async function exec(): Promise<Answer> {
  const result = await hostOf(required(), positionals[1]).attempt(positionals.slice(2))
  if (!values.json) {
    process.stdout.write(result.stdout)
    process.stderr.write(result.stderr)
  }
  process.exitCode = result.code
  return { ...result }
}

async function host(): Promise<Answer> {
  const lab = required()
  const target = hostOf(lab, positionals[1])
  const command = positionals[2]
  if (command === 'destroy') await target.destroy()
  else if (command === 'restart') await lab.restartHost(target.number - 1)
  else if (command === 'kill-libvirtd') await target.killLibvirtd()
  else if (command === 'restart-libvirtd') await target.restartLibvirtd()
  else if (command === 'count') return { host: target.name, ...(await target.count()) }
  else throw new Failure('usage', `A host knows no “${command ?? ''}”.`)
  return { host: target.name, done: command }
}

function guest(): Promise<Answer> {
  const lab = required()
  return guestCommand(lab, positionals.slice(1), values, (word) => hostOf(lab, word))
}

const commands: Record<string, () => Answer | Promise<Answer>> = { up, down, status, link, exec, host, guest }

try {
  const command = commands[positionals[0] ?? '']
  if (!command || values.help) {
    process.stdout.write(usage)
    process.exitCode = values.help ? 0 : 2
  } else {
    const answer = await command()
    if (values.json) console.log(JSON.stringify(answer))
    else if (positionals[0] !== 'exec') console.log(JSON.stringify(answer, null, 2))
  }
} catch (thrown) {
  const failure = thrown instanceof Failure ? thrown : new Failure('lab', messageOf(thrown), { cause: thrown })
  report([failure.message, failure.evidence, failure.next].filter(Boolean).join('\n'))
  if (values.json) console.log(JSON.stringify({ error: { code: failure.code, message: failure.message, evidence: failure.evidence, next: failure.next } }))
  process.exitCode = 1
}
