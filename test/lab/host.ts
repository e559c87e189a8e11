import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../src-main/base/failure.ts'
import { attempt, type CommandOptions, type CommandResult } from './command.ts'
import type { LabParts } from './guest-image.ts'
import { setupScript, hostScript } from './host-script.ts'
import type { HostRecord } from './host-spec.ts'
import { userName } from './host-spec.ts'
import { cutLink, restoreLink, shapeLink, type LinkShape } from './link.ts'
import type { LabState } from './lab-state.ts'
import { imagesFolder, LabPlaces, sharedFolder } from './places.ts'
import { allProcesses, isAlive, processesUnder, type ProcessInfo, signalProcess } from './processes.ts'
import { until } from './waiting.ts'

/** What a host runs at one moment, for drills that look for leaks. */
export interface HostCount {
  readonly processes: number
  /** Processes by name. */
  readonly byName: Readonly<Record<string, number>>
  /** Listening TCP ports. */
  readonly listeners: readonly number[]
  /** Established TCP connections. */
  readonly connections: number
  /** Processes whose command line speaks of Drover's agent. */
  readonly agents: number
  readonly zombies: number
}

/** One host of a running lab. All of it works from the machine, by namespace: neither SSH nor the host's libvirt need be healthy. */
export class LabHost {
  readonly #state: LabState
  readonly #places: LabPlaces
  readonly record: HostRecord
  /** Looking through all processes takes its time, so what was found is kept while it lives. */
  #lastInit: ProcessInfo | null = null

  constructor(state: LabState, record: HostRecord) {
    this.#state = state
    this.#places = new LabPlaces(state.name)
    this.record = record
  }

  get number(): number {
    return this.record.number
  }
  get name(): string {
    return this.record.name
  }
  get address(): string {
    return this.record.address
  }
  /** `ssh://root@address`, or the non-root user's on a host that has one. */
  get sshAddress(): string {
    return `ssh://${this.record.hasUser ? userName : 'root'}@${this.address}`
  }
  /** The host's folder on the machine; `log/qemu/NAME-serial.log` is a guest's serial log. */
  get folder(): string {
    return this.#places.host(this.number)
  }
  /** A path of the host as the machine sees it, for those that a host keeps on disk or shares; else through /proc while it runs. */
  onMachine(path: string): string {
    const kept: [string, string][] = [
      [sharedFolder, this.#places.shared],
      [imagesFolder, join(this.folder, 'images')],
      ['/var/log/libvirt', join(this.folder, 'log')],
      ['/root', join(this.folder, 'home')],
    ]
    for (const [prefix, folder] of kept) if (path === prefix || path.startsWith(`${prefix}/`)) return folder + path.slice(prefix.length)
    return `/proc/${this.initPid()}/root${path}`
  }

  /** PID 1 of the host as the machine numbers it; throws `lab-host-down` when it does not run. */
  initPid(): number {
    const init = this.#init()
    if (!init) throw new Failure('lab-host-down', `${this.name} is not running.`, { next: 'Start it again with restartHost.' })
    return init.pid
  }

  get isRunning(): boolean {
    return this.#init() !== null
  }

  #init(): ProcessInfo | null {
    const known = this.#lastInit
    if (known && isAlive(known.pid, known.startTime)) return known
    this.#lastInit = this.#findInit()
    return this.#lastInit
  }

  #findInit(): ProcessInfo | null {
    if (!isAlive(this.#state.init.pid, this.#state.init.startTime)) return null
    const all = allProcesses()
    const inside = new Set(processesUnder(this.#state.init.pid, all).map(({ pid }) => pid))
    return all.find(({ pid, argv, isZombie }) => inside.has(pid) && !isZombie && argv.at(-1) === this.name && argv[0]?.includes('/lab-init-') === true) ?? null
  }

  /** Every process of the host, its init first. */
  pids(): ProcessInfo[] {
    const init = this.#init()
    return init ? processesUnder(init.pid).sort((a, b) => a.pid - b.pid) : []
  }

  /** Runs a program on the host as root; resolves whatever its exit status. */
  attempt(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const env = ['env', '-i', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'USER=root', 'LC_ALL=C.UTF-8']
    return attempt(['nsenter', '-t', String(this.initPid()), '-m', '-u', '-i', '-n', '-p', '-r', '-w', '--', ...env, ...argv], options)
  }

  /** Runs a program on the host as root; a non-zero exit status rejects with its own words. Resolves with its output. */
  async run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(argv, options)
    if (code !== 0) {
      const evidence = (stderr || stdout).trim()
      throw new Failure('command-failed', `${argv.slice(0, 6).join(' ')} failed on ${this.name} with status ${code}: ${evidence.slice(0, 300)}`, { evidence })
    }
    return stdout
  }

  /** `virsh` on the host's own daemon. */
  virsh(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return this.run(['virsh', '-q', '-c', 'qemu:///system', ...args], options)
  }

  /** `virsh` with an XML document, whose path on the host takes the place of `@` in `args`: `virshXml(['define', '@'], xml)`. */
  async virshXml(args: readonly string[], xml: string): Promise<string> {
    const file = `${randomUUID()}.xml`
    const path = join(this.folder, 'run', file)
    writeFileSync(path, xml, { mode: 0o600 })
    try {
      return await this.virsh(args.map((word) => (word === '@' ? `/run/drover-lab/${file}` : word)))
    } finally {
      rmSync(path, { force: true })
    }
  }

  /** Starts the host from what it keeps on disk, and waits until its libvirt answers. */
  async start(parts: LabParts, signal?: AbortSignal): Promise<void> {
    if (this.isRunning) throw new Failure('lab-host-up', `${this.name} is running already.`)
    const ready = join(this.folder, 'run/ready')
    rmSync(ready, { force: true })
    writeFileSync(join(this.folder, 'setup.sh'), setupScript(this.#places, this.record, parts), { mode: 0o700 })
    writeFileSync(join(this.folder, 'host.sh'), hostScript(this.#places, this.record), { mode: 0o700 })
    writeFileSync(this.#places.control, `${join(this.folder, 'host.sh')}\n`)
    await until(`The start of ${this.name}`, () => existsSync(ready), { deadlineMs: 60_000, everyMs: 20, signal, evidence: () => this.log() })
  }

  /** The end of what the host's making and its daemons logged. */
  log(): string {
    return ['host.log', 'log/start.log', 'log/libvirtd.log']
      .map((path) => join(this.folder, path))
      .filter((path) => existsSync(path))
      .map((path) => readFileSync(path, 'utf8').slice(-1500))
      .join('\n')
  }

  /** Power cut: every process of the host is killed at once; what it keeps on disk stays. */
  async destroy(signal?: AbortSignal): Promise<void> {
    const init = this.#init()
    if (!init) return
    signalProcess(init.pid, 'SIGKILL')
    const port = `h${this.number}`
    await until(`The end of ${this.name}`, () => !isAlive(init.pid, init.startTime), { signal })
    await until(`The end of the cable of ${this.name}`, async () => (await attempt(['nsenter', '-t', String(this.#state.init.pid), '-n', 'ip', 'link', 'show', port])).code !== 0, { signal })
  }

  /** SIGKILL to libvirtd; guests run on. Resolves when it is gone. */
  async killLibvirtd(): Promise<void> {
    const daemons = this.pids().filter(({ name }) => name === 'libvirtd')
    for (const { pid } of daemons) signalProcess(pid, 'SIGKILL')
    await until(`The end of libvirtd on ${this.name}`, () => daemons.every(({ pid, startTime }) => !isAlive(pid, startTime)))
  }

  /** Ends libvirtd as a restart of its service would (SIGTERM), or finds it dead already, starts it again, and waits until it answers. */
  async restartLibvirtd(signal?: AbortSignal): Promise<void> {
    const daemons = this.pids().filter(({ name }) => name === 'libvirtd')
    for (const { pid } of daemons) signalProcess(pid, 'SIGTERM')
    const isGone = () => daemons.every(({ pid, startTime }) => !isAlive(pid, startTime))
    // A daemon with a migration in flight may take long to end; systemd, too, kills it in the end.
    await until(`The end of libvirtd on ${this.name}`, isGone, { deadlineMs: 10_000, signal }).catch(async () => this.killLibvirtd())
    await this.run(['libvirtd', '-d'], { signal })
    await until(`An answer of libvirtd on ${this.name}`, async () => (await this.attempt(['virsh', '-q', '-c', 'qemu:///system', 'version'])).code === 0, {
      signal,
      everyMs: 100,
      evidence: () => this.log(),
    })
  }

  /** Silences the host's cable, as a dead switch does: no carrier is lost, nothing arrives. */
  cutLink(): Promise<void> {
    return cutLink(this.#state, this.number)
  }

  restoreLink(): Promise<void> {
    return restoreLink(this.#state, this.number)
  }

  /** Shapes the host's cable in both directions; an empty shape is the plain cable. */
  shapeLink(shape: LinkShape): Promise<void> {
    return shapeLink(this.#state, this.number, shape)
  }

  async count(): Promise<HostCount> {
    const processes = this.pids()
    const byName: Record<string, number> = {}
    for (const { name } of processes) byName[name] = (byName[name] ?? 0) + 1
    const table = await this.run(['ss', '-H', '-t', '-n', '-a'])
    const sockets = table.split('\n').map((line) => line.trim().split(/\s+/))
    return {
      processes: processes.length,
      byName,
      listeners: [...new Set(sockets.filter(([state]) => state === 'LISTEN').map((fields) => Number(fields[3]?.split(':').at(-1))))].sort((a, b) => a - b),
      connections: sockets.filter(([state]) => state === 'ESTAB').length,
      agents: processes.filter(({ argv }) => argv.some((word) => /drover/.test(word)) && !argv[0]?.includes('lab-init') && !argv[0]?.includes('qemu')).length,
      zombies: processes.filter(({ isZombie }) => isZombie).length,
    }
  }
}
