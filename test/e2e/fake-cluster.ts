import type { Placement } from '../../src-main/contract/cluster.ts'
import type { HostCandidate, HostConnection, HostDetails, HostRecord, HostView, PromptAnswer } from '../../src-main/contract/host.ts'
import type { InventoryFrame } from '../../src-main/contract/inventory.ts'
import type { Job, JobFrame } from '../../src-main/contract/job.ts'
import type { HostVerdict, MovePlan, Preflight, Sharing } from '../../src-main/contract/migration.ts'
import type { Problem } from '../../src-main/contract/problem.ts'
import type { AppInfo, Settings } from '../../src-main/contract/settings.ts'
import { vmKey, type History, type SampleColumns, type VmCommand, type VmDetails, type VmRef, type VmView } from '../../src-main/contract/vm.ts'
import type { PlacementRule, Plan, PlanRequest } from '../../src-main/contract/plan.ts'
import type { Run, RunFrame } from '../../src-main/contract/run.ts'
import { fakeDepots } from './fake-depots.ts'
import { emptyMoveSamples, FakeMove } from './fake-move.ts'
import { fakePlan } from './fake-plan.ts'
import { FakeRun, type FakeRunInput } from './fake-run.ts'
import { Publisher } from './publisher.ts'

/** `small`: four hosts in all states, with moves past and present. `large`: 64 hosts, 2,000 VMs. */
export type ClusterSize = 'empty' | 'small' | 'large'
type Delta = Pick<InventoryFrame, 'hosts' | 'removedHosts' | 'vms' | 'removedVms' | 'vmSamples' | 'hostSamples'>

const names = ['web', 'db', 'cache', 'mail', 'build', 'git', 'proxy', 'queue', 'auth', 'metrics', 'files', 'ldap']
const sizesGiB = [0.5, 1, 2, 2, 4, 4, 8, 16, 1, 2, 4, 32]
const nobody = (): SampleColumns => ({ n: [], cpu: [], memory: [], read: [], write: [], rx: [], tx: [] })

/** Hosts and VMs that behave by script, and change like real ones. All figures come from a counter, so that every run is alike. */
export class FakeCluster {
  readonly info: AppInfo = { version: '0.1.0', shell: 'browser', platform: 'linux', isDemo: false, secrets: 'system', localLibvirt: '/run/libvirt/libvirt-sock', canStartLab: true, profile: '/home/ada/.local/share/drover' }
  settings: Settings = { theme: 'dark', pollSeconds: 1, defaultTechnique: 'precopy', defaultBandwidthMiBps: null, defaultDowntimeMs: null, useAgent: true, agentPorts: [49152, 49215], allowedCommands: [], placementRules: [] }
  storeProblem: Problem | null = null
  candidates: HostCandidate[] = ['kvm1', 'kvm2', 'kvm3', 'backup-host', 'rack2-a', 'rack2-b'].map((alias, index) => ({ alias, hostname: `10.0.${index}.10`, user: 'root', port: index === 3 ? 2222 : null, source: '~/.ssh/config' }))
  readonly hosts = new Map<string, HostView>()
  readonly vms = new Map<string, VmView>()
  readonly moves = new Map<string, FakeMove>()
  readonly past: Job[] = []
  readonly runs = new Map<string, FakeRun>()
  placements: Placement[] = []
  rules: PlacementRule[] = []
  private readonly inventory = new Publisher<Delta>()
  private readonly jobs = new Publisher<Job>()
  private readonly runChanges = new Publisher<Run>()
  private readonly settingsChanges = new Publisher<Settings>()
  private nextN = 0
  private tick = 0
  private readonly timer: ReturnType<typeof setInterval> | undefined

  constructor(size: ClusterSize, isBusy: boolean) {
    if (size === 'small') this.fillSmall()
    if (size === 'large') for (let i = 1; i <= 64; i++) this.fillHost(this.makeHost(`node${String(i).padStart(2, '0')}`, { group: `Rack ${Math.ceil(i / 16)}` }), i <= 16 ? 32 : 31, i)
    if (isBusy) this.timer = setInterval(() => this.beat(), 1000)
  }

  close(): void {
    clearInterval(this.timer)
    for (const move of this.moves.values()) move.stop()
    for (const run of this.runs.values()) run.stop()
  }

  /** A second passes: every figure of every host and VM changes. */
  beat(): void {
    this.tick++
    this.inventory.publish({ ...this.delta(), vmSamples: this.vmSamples(), hostSamples: this.hostSamples() })
  }

  makeHost(id: string, over: { group?: string; tags?: string[]; connection?: HostConnection; missing?: string[]; hypervisorVersion?: string } = {}): HostView {
    const record: HostRecord = { id, address: `ssh://root@${id}`, label: null, group: over.group ?? null, tags: over.tags ?? [], migrationAddress: null, maintenance: null, shutDown: null }
    const view: HostView = {
      n: this.nextN++,
      record,
      name: id,
      connection: over.connection ?? { state: 'online', since: Date.now() - 3_600_000, route: 'direct', isWritable: true },
      facts: {
        hostname: id, hostUuid: `0000-${id}`, arch: 'x86_64', cpuModel: 'EPYC-Rome', cpuVendor: 'AMD', cpus: 32, cpuMhz: 2794, memoryKiB: 128 * 1048576,
        libvirtVersion: '9.0.0', hypervisor: 'QEMU', hypervisorVersion: over.hypervisorVersion ?? '7.2.19', migrationAddresses: [`10.0.0.${this.nextN}`],
      },
      missing: over.missing ?? [],
    }
    this.hosts.set(id, view)
    return view
  }

  makeVm(host: string, name: string, over: Partial<VmView> = {}): VmView {
    const n = this.nextN++
    const uuid = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
    const vm: VmView = {
      n, ref: { host, uuid }, name, title: null, state: 'running', reason: 'booted', tags: [], vcpus: 2, memoryKiB: 2 * 1048576, isPersistent: true,
      hasAutostart: false, hasManagedSave: false, job: null, console: { hasSerial: true, hasVnc: true, hasSpice: false }, ...over,
    }
    this.vms.set(vmKey(vm.ref), vm)
    return vm
  }

  private fillHost(host: HostView, count: number, seed: number): void {
    for (let i = 0; i < count; i++) {
      const kind = (seed * 7 + i) % names.length
      const state = (seed * 31 + i * 17) % 11 === 0 ? 'off' : 'running'
      this.makeVm(host.record.id, `${names[kind]}-${seed}${String(i).padStart(2, '0')}`, { state, vcpus: 1 + (i % 4), memoryKiB: (sizesGiB[(seed + i) % sizesGiB.length] ?? 1) * 1048576, tags: [names[kind] ?? ''] })
    }
  }

  private fillSmall(): void {
    const GiB = 1048576
    this.makeHost('kvm1', { group: 'Rack 1', tags: ['ssd'] })
    this.makeHost('kvm2', { group: 'Rack 1', tags: ['ssd'] })
    this.makeHost('kvm3', { group: 'Rack 2', hypervisorVersion: '10.0.3' })
    const lost: Problem = { code: 'ssh-timeout', message: 'The host stopped answering.', evidence: 'keepalive: 3 probes without an answer', next: 'Check that it is up; Drover tries again by itself.' }
    this.makeHost('kvm4', { group: 'Rack 2', connection: { state: 'offline', since: Date.now() - 240_000, problem: lost, retryAt: Date.now() + 30_000, seenAt: Date.now() - 240_000 } })
    const put = (host: string, name: string, memory: number, over: Partial<VmView> = {}) => this.makeVm(host, name, { memoryKiB: memory * GiB, ...over })
    put('kvm1', 'web-1', 2, { tags: ['web', 'prod'], hasAutostart: true })
    put('kvm1', 'web-2', 2, { tags: ['web', 'prod'] })
    put('kvm1', 'db-primary', 16, { tags: ['db', 'prod'], vcpus: 8, title: 'PostgreSQL, the one that matters' })
    put('kvm1', 'cache', 4, { tags: ['prod'] })
    put('kvm1', 'build-7', 8, { state: 'paused', reason: 'user' })
    put('kvm1', 'win-legacy', 4, { state: 'off', reason: 'shutdown' })
    put('kvm1', 'scratch', 0.5, { state: 'crashed', reason: 'panicked', isPersistent: false })
    put('kvm2', 'web-3', 2, { tags: ['web', 'prod'] })
    put('kvm2', 'mail', 4, { tags: ['prod'] })
    put('kvm2', 'db-replica', 16, { tags: ['db', 'prod'], vcpus: 8 })
    put('kvm2', 'git', 4)
    put('kvm2', 'metrics', 8)
    put('kvm2', 'ldap', 1)
    put('kvm3', 'proxy', 1, { tags: ['edge'] })
    put('kvm3', 'queue', 2)
    put('kvm3', 'files', 4, { state: 'saved', hasManagedSave: true })
    put('kvm4', 'backup', 8)
    put('kvm4', 'archive', 4, { state: 'off' })
    this.past.push(...FakeMove.past(this))
    this.placements = this.past.flatMap((job): Placement[] => {
      if (job.state.state !== 'succeeded') return []
      const { plan, vmName, sourceName, destinationName, endedAt, state } = job
      return [{ id: job.id, t: endedAt ?? 0, vm: plan.vm.uuid, vmName, from: plan.vm.host, fromName: sourceName, to: plan.destination, toName: destinationName, technique: plan.options.technique, run: null, kind: 'move', reason: vmName === 'mail' ? 'closer to its disks' : '', who: 'ada', seconds: state.result.totalMs / 1000, downtimeMs: state.result.downtimeMs, bytes: state.result.bytes }]
    })
    this.rules.push({ id: 'r1', kind: 'apart', name: 'Databases apart', members: { vms: [], tags: ['db'] } })
  }

  private vmSamples(): SampleColumns {
    const columns = nobody()
    for (const vm of this.vms.values()) {
      if (vm.state !== 'running' || this.hosts.get(vm.ref.host)?.connection.state !== 'online') continue
      const wave = Math.abs(Math.sin(vm.n * 1.7 + this.tick / 5))
      columns.n.push(vm.n)
      columns.cpu.push(Math.round(wave * wave * 9000 * vm.vcpus))
      columns.memory.push(Math.round(vm.memoryKiB * (0.4 + 0.4 * Math.abs(Math.sin(vm.n)))))
      columns.read.push(Math.round(wave * 2e6))
      columns.write.push(Math.round(wave * 6e6))
      columns.rx.push(Math.round(wave * 9e6))
      columns.tx.push(Math.round(wave * 3e6))
    }
    return columns
  }

  private hostSamples(): SampleColumns {
    const columns = nobody()
    for (const host of this.hosts.values()) {
      if (host.connection.state !== 'online') continue
      const used = [...this.vms.values()].reduce((sum, vm) => (vm.ref.host === host.record.id && vm.state === 'running' ? sum + vm.memoryKiB : sum), 4 * 1048576)
      columns.n.push(host.n)
      columns.cpu.push(Math.round(1500 + 4500 * Math.abs(Math.sin(host.n + this.tick / 9))))
      columns.memory.push(Math.min(used, 118 * 1048576))
      for (const name of ['read', 'write', 'rx', 'tx'] as const) columns[name].push(1e6)
    }
    return columns
  }

  private delta(over: Partial<Delta> = {}): Delta {
    return { hosts: [], removedHosts: [], vms: [], removedVms: [], vmSamples: nobody(), hostSamples: nobody(), ...over }
  }

  async *watchInventory(signal: AbortSignal | undefined): AsyncGenerator<InventoryFrame> {
    let seq = 0
    const frame = (isSnapshot: boolean, delta: Delta): InventoryFrame => ({ seq: ++seq, t: Date.now(), isSnapshot, ...delta })
    const coming = this.inventory.subscribe(signal)
    yield frame(true, this.delta({ hosts: [...this.hosts.values()], vms: [...this.vms.values()], vmSamples: this.vmSamples(), hostSamples: this.hostSamples() }))
    for await (const delta of coming) yield frame(false, delta)
  }

  setVm(vm: VmView, change: Partial<VmView>): VmView {
    const next = { ...vm, ...change }
    this.vms.set(vmKey(next.ref), next)
    this.inventory.publish(this.delta({ vms: [next] }))
    return next
  }

  /** The VM leaves its host and, when `to` is given, is there in the same frame. */
  moveVm(vm: VmView, to: string): void {
    this.vms.delete(vmKey(vm.ref))
    const there: VmView = { ...vm, n: this.nextN++, ref: { host: to, uuid: vm.ref.uuid }, job: null }
    this.vms.set(vmKey(there.ref), there)
    this.inventory.publish(this.delta({ removedVms: [vm.ref], vms: [there] }))
  }

  setHost(id: string, change: Partial<HostView>): HostView {
    const next = { ...(this.hosts.get(id) as HostView), ...change }
    this.hosts.set(id, next)
    this.inventory.publish(this.delta({ hosts: [next], hostSamples: this.hostSamples() }))
    return next
  }

  addHost(address: string): HostRecord {
    const id = address.replace(/^.*[/@]/, '')
    const since = Date.now()
    const fingerprint = 'SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDaxrPaJ7Yb1Q0Wq1E'
    const view = this.makeHost(id, { connection: { state: 'asking', since, prompt: { kind: 'host-key', id: `p-${id}`, host: id, port: 22, keyType: 'ssh-ed25519', fingerprint, remarks: [] } } })
    const fresh = this.setHost(id, { facts: null, record: { ...view.record, address } })
    return fresh.record
  }

  answer(host: string, answer: PromptAnswer): void {
    if (answer.kind === 'refuse') this.setHost(host, { connection: { state: 'offline', since: Date.now(), retryAt: null, seenAt: null, problem: { code: 'refused', message: 'You chose not to connect.' } } })
    else this.connect(host)
  }

  shutDown(host: string): void {
    const problem = { code: 'host-shut-down', message: 'It was shut down from Drover by ada.', next: 'Switch it on.' }
    this.setHost(host, { connection: { state: 'offline', since: Date.now(), retryAt: Date.now() + 60_000, seenAt: Date.now(), problem } })
  }

  connect(host: string): void {
    const facts = this.hosts.get(host)?.facts ?? { ...this.makeHost('template').facts!, hostname: host }
    this.hosts.delete('template')
    this.setHost(host, { facts, connection: { state: 'online', since: Date.now(), route: 'direct', isWritable: true } })
  }

  updateHost(input: { host: string; label?: string | null | undefined; group?: string | null | undefined; tags?: string[] | undefined; migrationAddress?: string | null | undefined }): HostRecord {
    const view = this.hosts.get(input.host) as HostView
    const { host: _, ...change } = input
    const record = { ...view.record, ...(Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<HostRecord>) }
    return this.setHost(input.host, { record, name: record.label ?? view.facts?.hostname ?? input.host }).record
  }

  removeHost(id: string): void {
    this.hosts.delete(id)
    const gone = [...this.vms.values()].filter((vm) => vm.ref.host === id)
    for (const vm of gone) this.vms.delete(vmKey(vm.ref))
    this.inventory.publish(this.delta({ removedHosts: [id], removedVms: gone.map((vm) => vm.ref) }))
  }

  clear(): void {
    for (const id of [...this.hosts.keys()]) this.removeHost(id)
  }

  startLab(count: number): void {
    for (let i = 1; i <= count; i++) {
      this.setHost(this.makeHost(`lab${i}`, { group: 'Lab' }).record.id, {})
      for (const name of ['tick', 'idle']) this.setVm(this.makeVm(`lab${i}`, `${name}-${i}`, { memoryKiB: 262_144 }), {})
    }
  }

  command(ref: VmRef, command: VmCommand): void {
    const vm = this.vms.get(vmKey(ref)) as VmView
    const states = { start: 'running', shutdown: 'off', reboot: 'running', suspend: 'paused', resume: 'running', 'force-off': 'off' } as const
    if (command === 'autostart-on' || command === 'autostart-off') this.setVm(vm, { hasAutostart: command === 'autostart-on' })
    else this.setVm(vm, { state: states[command] })
  }

  updateSettings(change: { [key in keyof Settings]?: Settings[key] | undefined }): Settings {
    this.settings = { ...this.settings, ...(change as Partial<Settings>) }
    this.settingsChanges.publish(this.settings)
    return this.settings
  }

  watchSettings(signal: AbortSignal | undefined): AsyncIterableIterator<Settings> & AsyncGenerator<Settings> {
    return this.settingsChanges.subscribe(signal)
  }

  verdicts(vms: readonly VmRef[]): HostVerdict[] {
    return [...this.hosts.values()].map((host): HostVerdict => {
      const id = host.record.id
      if (host.connection.state !== 'online') return { host: id, verdict: 'blocked', reason: `${host.name} is not connected.` }
      if (vms.some((vm) => this.vms.get(vmKey(vm))?.name === 'db-primary') && id === 'kvm3') return { host: id, verdict: 'blocked', reason: 'Its disk vda is on a local pool that kvm3 does not have.' }
      if (host.facts?.hypervisorVersion.startsWith('10')) return { host: id, verdict: 'warns', reason: 'A newer QEMU: moving back will not be possible with this machine type.' }
      return { host: id, verdict: 'fits', reason: 'Same CPU and QEMU, disks are shared, 48 GiB free.' }
    })
  }

  sharing(vms: readonly VmRef[]): Sharing[] {
    return [...new Set(vms.map(({ host }) => host))].map((host) => ({ kind: 'estimated', host, vms: vms.length, memoryKiB: 9 * 1048576, sampled: 12_288, zero: 0.31, inVm: [0.02, 0.05], acrossVms: [0.38, 0.44] }))
  }

  preflight(plan: MovePlan): Preflight {
    const { verdict, reason } = this.verdicts([plan.vm]).find(({ host }) => host === plan.destination) as HostVerdict
    return {
      plan,
      verdict,
      findings: verdict === 'fits' ? [] : [{ code: verdict === 'blocked' ? 'disk-not-seen' : 'machine-newer', message: reason, severity: verdict === 'blocked' ? 'error' : 'warning', subject: verdict === 'blocked' ? 'disk vda' : 'machine' }],
      ...(plan.options.technique === 'scatter' && { depots: fakeDepots(plan) }),
      forecast: { ...(plan.options.technique === 'scatter' && { sourceFreeSeconds: [3, 5] as [number, number], promise: 'kvm1 is free about 4 times sooner than by post-copy; it takes the rest from the depots at its own speed.' }), seconds: [12, 18], downtimeMs: [40, 90], converges: 'yes', bytes: [2.1e9, 2.6e9], dirtyRate: 4.2e6, bandwidth: 1.17e8, basis: 'a dirty rate measured over one second and a 1 Gbit/s link' },
      route: { address: `10.0.0.${plan.destination.at(-1)}`, origin: 'resolved name', probe: 'reachable', via: 'eno1', mbps: 1000 },
      driver: 'agent',
      risk: 'The agent on the source drives this move: it ends well even if this computer goes away.',
      virsh: `virsh migrate --live --persistent --undefinesource ${plan.vm.uuid} qemu+ssh://${plan.destination}/system`,
    }
  }

  startMove(id: string, plan: MovePlan, gang: Job['gang'] = null): void {
    if (this.moves.has(id)) return
    const vm = this.vms.get(vmKey(plan.vm)) as VmView
    this.setVm(vm, { job: id })
    this.moves.set(id, new FakeMove(this, id, plan, vm, (job) => this.jobs.publish(job), gang))
  }

  /** Several moves of one call: those as a gang are one. */
  startMoves(moves: readonly { readonly job: string; readonly plan: MovePlan }[]): void {
    const ganged = moves.filter(({ plan }) => plan.options.technique === 'gang')
    for (const { job, plan } of moves) {
      const index = ganged.findIndex((each) => each.job === job)
      this.startMove(job, plan, index < 0 ? null : { id: `gang-${ganged[0]?.job}`, size: ganged.length, index, destinations: [...new Set(ganged.map((each) => each.plan.destination))] })
    }
  }

  cancel(id: string): true | undefined {
    return this.moves.get(id)?.cancel()
  }

  async *watchJobs(signal: AbortSignal | undefined): AsyncGenerator<{ isSnapshot: boolean; jobs: Job[] }> {
    const coming = this.jobs.subscribe(signal)
    yield { isSnapshot: true, jobs: [...this.past, ...[...this.moves.values()].map((move) => move.job)] }
    for await (const job of coming) yield { isSnapshot: false, jobs: [job] }
  }

  async *watchJob(id: string, signal: AbortSignal | undefined): AsyncGenerator<JobFrame> {
    const coming = this.jobs.subscribe(signal)
    const known = this.moves.get(id)?.job ?? this.past.find((job) => job.id === id)
    if (!known) return
    let seq = 1
    yield { seq, isSnapshot: true, job: known, samples: this.moves.get(id)?.samples ?? emptyMoveSamples(), log: this.moves.get(id)?.log ?? [] }
    for await (const job of coming) if (job.id === id) yield { seq: ++seq, isSnapshot: false, job, samples: this.moves.get(id)?.lastSample ?? emptyMoveSamples(), log: [] }
  }

  endedJobs(filter: { text?: string | undefined; before?: number | undefined; limit: number }): Job[] {
    const text = filter.text?.toLowerCase() ?? ''
    return [...this.past, ...[...this.moves.values()].map((move) => move.job)]
      .filter((job) => job.endedAt !== null && job.endedAt < (filter.before ?? Infinity) && `${job.vmName} ${job.sourceName} ${job.destinationName}`.toLowerCase().includes(text))
      .sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
      .slice(0, filter.limit)
  }

  /** The plan of a request: a first frame from what is known, and three more while rows are checked. */
  async *plan(request: PlanRequest, signal: AbortSignal | undefined): AsyncGenerator<Plan> {
    for (const share of [0, 0.34, 0.67, 1]) {
      if (signal?.aborted) return
      yield fakePlan(this, request, share)
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
  }

  startRun(input: FakeRunInput): Run {
    const known = this.runs.get(input.run)
    if (known) return known.run
    if (input.isMaintenance && 'host' in input.request) this.setMaintenance(input.request.host, 'entering', input.reason)
    const run = new FakeRun(this, input, (now) => this.runChanges.publish(now))
    this.runs.set(input.run, run)
    return run.run
  }

  setMaintenance(host: string, state: 'entering' | 'in' | null, reason: string): void {
    const { record } = this.hosts.get(host) as HostView
    this.setHost(host, { record: { ...record, maintenance: state === null ? null : { state, reason, who: 'ada', since: record.maintenance?.since ?? Date.now() } } })
  }

  async *watchRuns(signal: AbortSignal | undefined): AsyncGenerator<{ isSnapshot: boolean; runs: Run[] }> {
    const coming = this.runChanges.subscribe(signal)
    yield { isSnapshot: true, runs: [...this.runs.values()].map(({ run }) => run) }
    for await (const run of coming) yield { isSnapshot: false, runs: [run] }
  }

  async *watchRun(id: string, signal: AbortSignal | undefined): AsyncGenerator<RunFrame> {
    const coming = this.runChanges.subscribe(signal)
    const known = this.runs.get(id)
    if (!known) return
    let seq = 1
    let told = known.log.length
    yield { seq, isSnapshot: true, run: known.run, samples: known.samples, log: [...known.log] }
    for await (const run of coming) {
      if (run.id !== id) continue
      const log = known.log.slice(told)
      told = known.log.length
      yield { seq: ++seq, isSnapshot: false, run, samples: known.lastSample, log }
    }
  }

  findPlacements(filter: { text?: string | undefined; limit: number }): Placement[] {
    const words = (filter.text ?? '').toLowerCase().split(/\s+/).filter(Boolean)
    return this.placements.filter((one) => words.every((word) => `${one.vmName} ${one.fromName} ${one.toName} ${one.reason} ${one.who} ${one.kind} ${one.technique}`.toLowerCase().includes(word))).slice(0, filter.limit)
  }

  history(): History {
    const t = Array.from({ length: 120 }, (_, index) => Date.now() - (119 - index) * 1000)
    const wave = (scale: number, speed: number) => t.map((_, index) => Math.round(scale * (0.5 + 0.4 * Math.sin(index / speed))))
    return { t, cpu: wave(6000, 9), memory: wave(1_800_000, 40), read: wave(4e6, 7), write: wave(9e6, 11), rx: wave(2e7, 13), tx: wave(8e6, 5) }
  }

  hostDetails(_host: string): HostDetails {
    return {
      cpu: [['Model', 'AMD EPYC 7302'], ['Topology', '1 socket, 16 cores, 2 threads']], memory: [['Total', '128 GiB'], ['Huge pages 2 MiB', '0']],
      network: [{ name: 'br0', kind: 'bridge', state: 'up', detail: 'eno1, MTU 1500' }], machineTypes: ['pc-q35-7.2', 'pc-i440fx-7.2'], capabilitiesXml: '<capabilities/>',
      pools: [{ name: 'default', kind: 'dir', path: '/var/lib/libvirt/images', capacityBytes: 2e12, allocationBytes: 8e11, isActive: true }], agent: { state: 'uploaded', version: '0.1.0', path: '/root/.cache/drover' },
    }
  }

  vmDetails(ref: VmRef): VmDetails {
    return { ref, devices: [{ kind: 'disk', label: 'vda', detail: 'qcow2, /srv/images/web-1.qcow2, 40 GiB' }, { kind: 'interface', label: 'vnet0', detail: 'virtio, bridge br0' }], cpu: 'host-model, 2 vCPUs', machine: 'pc-q35-7.2', firmware: 'BIOS', xml: '<domain type="kvm">\n  <name>web-1</name>\n</domain>\n', inactiveXml: null }
  }
}
