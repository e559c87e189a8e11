import { randomBytes, randomUUID } from 'node:crypto'
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Failure } from '../../src-main/base/failure.ts'
import { ensurePrerequisites } from '../../build/prerequisites.ts'
import { run } from './command.ts'
import { rootOfGeneration } from './generation.ts'
import { labParts } from './guest-image.ts'
import { knownHostsLine, writeHostFiles } from './host-files.ts'
import type { HostRecord, HostSpec } from './host-spec.ts'
import { userName } from './host-spec.ts'
import { LabHost } from './host.ts'
import { startKeeper, type Keeper } from './keeper.ts'
import { isLabRunning, readLabState, requireLabName, writeLabState, type LabState } from './lab-state.ts'
import { addressOf, plugIn, unplug } from './network.ts'
import { labsFolder, LabPlaces } from './places.ts'
import { isAlive, signalProcess } from './processes.ts'
import { until } from './waiting.ts'

export interface LabOptions {
  readonly hosts: readonly HostSpec[]
  /** Default: a name that nothing else has. */
  readonly name?: string
  /** Default true: the lab ends with this process, however that ends. False: it lives until `down`. */
  readonly hasOwner?: boolean
  /** Told, a line at a time, what takes long. */
  readonly report?: (line: string) => void
  readonly signal?: AbortSignal
}

/** A running lab: hosts with an sshd and a libvirtd each, on a network of their own. `await using lab = await Lab.up(…)`, or call `down`. */
export class Lab {
  readonly state: LabState
  readonly hosts: readonly LabHost[]
  readonly #keeper: Keeper | null

  private constructor(state: LabState, keeper: Keeper | null) {
    this.state = state
    this.hosts = state.hosts.map((record) => new LabHost(state, record))
    this.#keeper = keeper
  }

  get name(): string {
    return this.state.name
  }

  /** OpenSSH files for this lab alone: pass `configFile` to `ssh -F`, or the other two to a client of your own. */
  get ssh(): { readonly configFile: string; readonly knownHosts: string; readonly identityFile: string } {
    const places = new LabPlaces(this.name)
    return { configFile: places.sshConfig, knownHosts: places.knownHosts, identityFile: places.identity }
  }

  /** The host at `index`, from 0. */
  host(index: number): LabHost {
    const host = this.hosts[index]
    if (!host) throw new Failure('lab-host', `The lab ${this.name} has ${this.hosts.length} hosts; there is none at ${index}.`)
    return host
  }

  /** Brings a lab up: needs Linux and root. What an earlier lab of the same name left behind is removed first; a running one is an error (`lab-exists`). */
  static async up(options: LabOptions): Promise<Lab> {
    const { signal, report = () => {} } = options
    const name = requireLabName(options.name ?? `lab-${randomBytes(4).toString('hex')}`)
    requireRoot()
    if (options.hosts.length < 1 || options.hosts.length > 16) throw new Failure('lab-size', 'A lab has 1 to 16 hosts.')
    const { missing } = await ensurePrerequisites({ for: 'lab', report })
    if (missing.length > 0) {
      throw new Failure('lab-prerequisites', 'This machine lacks programs that a lab needs.', {
        evidence: missing.map(({ what }) => what).join('; '),
        next: missing.map(({ install }) => install).join(' && '),
      })
    }
    const earlier = readLabState(name)
    if (earlier && isLabRunning(earlier)) {
      throw new Failure('lab-exists', `The lab ${name} is up already.`, { next: `End it with \`npm run lab -- down --name ${name}\`, or choose another name.` })
    }
    await removeRemains(name)
    const parts = await labParts(report, signal)
    const generations = options.hosts.map((host) => host.generation ?? 12)
    const roots = new Map<number, string>()
    for (const generation of new Set(generations)) roots.set(generation, await rootOfGeneration(generation, report, signal))

    const places = new LabPlaces(name)
    mkdirSync(labsFolder, { recursive: true, mode: 0o700 })
    mkdirSync(places.root, { mode: 0o700 })
    let keeper: Keeper | null = null
    try {
      for (const folder of [places.shared]) mkdirSync(folder, { recursive: true })
      await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', places.identity], { signal })
      keeper = await startKeeper(places, parts.init, signal)
      const network = await plugIn(keeper.init.pid, signal)
      const hosts = options.hosts.map((spec, index): HostRecord => ({
        number: index + 1,
        name: `${name}-host${index + 1}`,
        address: addressOf(network, index + 1),
        uuid: randomUUID(),
        generation: spec.generation ?? 12,
        hasUser: spec.hasUser ?? false,
        hasNode: spec.hasNode ?? false,
        root: roots.get(spec.generation ?? 12) ?? '/',
      }))
      const state: LabState = {
        name,
        networkIndex: network.index,
        interfaceName: network.interfaceName,
        keeper: { pid: keeper.shell.pid, startTime: keeper.shell.startTime },
        init: { pid: keeper.init.pid, startTime: keeper.init.startTime },
        hosts,
        userPassword: randomBytes(9).toString('base64url'),
        kernel: parts.kernelOnHost,
        initramfs: parts.initramfsOnHost,
      }
      await Promise.all(hosts.map((host) => writeHostFiles(places, host, state.userPassword)))
      writeNames(places, hosts)
      writeLabState(state)
      const lab = new Lab(state, keeper)
      await Promise.all(lab.hosts.map((host) => host.start(parts, signal)))
      if (options.hasOwner === false) keeper.release()
      return lab
    } catch (thrown) {
      if (keeper) await end(name, keeper.shell, keeper.init, null)
      await removeRemains(name)
      throw thrown
    }
  }

  /** A lab that runs already, by name; null when there is none. */
  static find(name: string): Lab | null {
    const state = readLabState(requireLabName(name))
    return state && isLabRunning(state) ? new Lab(state, null) : null
  }

  /** Ends the lab of that name, however much of it is left. Idempotent. */
  static async remove(name: string): Promise<void> {
    const state = readLabState(requireLabName(name))
    if (state) await new Lab(state, null).down()
    await removeRemains(name)
  }

  /** Ends the lab and waits until nothing of it is left. Idempotent. */
  async down(): Promise<void> {
    await end(this.name, this.state.keeper, this.state.init, this.state.interfaceName)
    this.#keeper?.close()
    await removeRemains(this.name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down()
  }

  /** Starts a host again after `destroy`, as its power button would. Its guests are gone, what it had on disk is there. */
  async restartHost(index: number, signal?: AbortSignal): Promise<void> {
    await this.host(index).destroy(signal)
    await this.host(index).start(await labParts(() => {}, signal), signal)
  }
}

function requireRoot(): void {
  if (process.platform === 'linux' && process.getuid?.() === 0) return
  throw new Failure('lab-not-possible', 'A lab needs Linux and the rights of root.', { next: 'Run the same command as root, in a machine where that is fine.' })
}

type Named = { readonly pid: number; readonly startTime: string }

async function end(name: string, keeper: Named, init: Named, interfaceName: string | null): Promise<void> {
  if (isAlive(init.pid, init.startTime)) signalProcess(init.pid, 'SIGKILL')
  if (interfaceName) await unplug(interfaceName)
  await until(`The end of the lab ${name}`, () => !isAlive(init.pid, init.startTime) && !isAlive(keeper.pid, keeper.startTime), { deadlineMs: 30_000 })
}

/** Removes what a lab left that was ended together with its keeper. */
async function removeRemains(name: string): Promise<void> {
  const places = new LabPlaces(name)
  if (!existsSync(places.root)) return
  const state = readLabState(name)
  if (state) await unplug(state.interfaceName)
  rmSync(places.root, { recursive: true, force: true })
}

function writeNames(places: LabPlaces, hosts: readonly HostRecord[]): void {
  writeFileSync(places.hosts, `127.0.0.1 localhost\n${hosts.map(({ address, name }) => `${address} ${name}\n`).join('')}`)
  writeFileSync(places.knownHosts, hosts.map((host) => knownHostsLine(places, host)).join(''))
  const common = ['  IdentitiesOnly yes', `  IdentityFile ${places.identity}`, `  UserKnownHostsFile ${places.knownHosts}`, '  GlobalKnownHostsFile /dev/null']
  writeFileSync(places.sshConfig, '')
  chmodSync(places.sshConfig, 0o600)
  for (const { name, address, hasUser } of hosts) {
    const user = hasUser ? userName : 'root'
    appendFileSync(places.sshConfig, [`Host ${name} ${address}`, `  HostName ${address}`, `  User ${user}`, ...common, '  StrictHostKeyChecking yes', ''].join('\n'))
  }
  // Fails here, not in a test, where the keys were not made.
  readFileSync(places.identity)
}
