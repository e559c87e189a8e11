import type { Placement } from '../../src-main/contract/cluster.ts'
import type { PlannedMove, PlanRequest } from '../../src-main/contract/plan.ts'
import type { Run, RunFrame, RunRow, RunRowState, RunSamples } from '../../src-main/contract/run.ts'
import { vmKey } from '../../src-main/contract/vm.ts'
import type { FakeCluster } from './fake-cluster.ts'

export interface FakeRunInput {
  readonly run: string
  readonly request: PlanRequest
  readonly rows: readonly PlannedMove[]
  readonly reason: string
  readonly isMaintenance: boolean
  readonly perHost: number
  readonly perLink: number
  readonly forecastSeconds: [number, number] | null
}

/** A run by script: its moves are {@link FakeCluster}'s, as many at once as it is told. Four beats a second. */
export class FakeRun {
  run: Run
  readonly samples: RunSamples = { t: [], hosts: [], links: [] }
  lastSample: RunSamples = { t: [], hosts: [], links: [] }
  readonly log: RunFrame['log'] = []
  private readonly timer: ReturnType<typeof setInterval>
  private readonly cluster: FakeCluster
  private readonly publish: (run: Run) => void

  constructor(cluster: FakeCluster, input: FakeRunInput, publish: (run: Run) => void) {
    this.cluster = cluster
    this.publish = publish
    const own = 'host' in input.request ? input.request.host : null
    const name = (id: string) => cluster.hosts.get(id)?.name ?? id
    this.run = {
      id: input.run, request: input.request, hostName: own === null ? null : name(own), reason: input.reason, who: 'ada', isMaintenance: input.isMaintenance, createdAt: Date.now(), endedAt: null, bringsBack: false, state: { state: 'running' },
      perHost: input.perHost, perLink: input.perLink, bandwidthMiBps: input.request.bandwidthMiBps, forecastSeconds: input.forecastSeconds, eta: input.forecastSeconds,
      rows: input.rows.map((row): RunRow => {
        const vm = cluster.vms.get(vmKey(row.vm))
        return {
          ...row, sourceName: name(row.vm.host), destinationName: row.destination === null ? null : name(row.destination), memoryKiB: vm?.memoryKiB ?? 0, vcpus: vm?.vcpus ?? 1, startedAt: null, endedAt: null, progress: null, throughput: null,
          state: row.destination === null ? { state: 'stays', reason: row.why } : { state: 'waiting', reason: `${name(row.vm.host)} moves ${input.perHost} at a time` },
        }
      }),
    }
    this.say('info', `Begun with ${this.run.rows.length} VMs.`)
    publish(this.run)
    this.timer = setInterval(() => this.beat(), 250)
  }

  show(change: Partial<Run>): void {
    this.run = { ...this.run, ...change }
    this.publish(this.run)
  }

  setRow(uuid: string, state: RunRowState, over: Partial<RunRow> = {}): void {
    this.run = { ...this.run, rows: this.run.rows.map((row) => (row.vm.uuid === uuid ? { ...row, ...over, state } : row)) }
  }

  private say(level: 'info' | 'warning' | 'error', text: string): void {
    this.log.push({ t: Date.now(), level, text })
  }

  private beat(): void {
    if (this.run.state.state === 'done') return
    for (const row of this.run.rows) if (row.state.state === 'moving') this.follow(row, row.state.job, row.state.since)
    const busy = this.run.rows.filter((row) => row.state.state === 'moving').length
    if (this.run.state.state === 'running') for (const row of this.run.rows.filter((one) => one.state.state === 'waiting').slice(0, Math.max(0, this.run.perHost - busy))) this.begin(row)
    this.sample()
    const waiting = this.run.rows.filter((row) => row.state.state === 'waiting').length
    if (!this.run.rows.some((row) => row.state.state === 'moving') && (waiting === 0 || this.run.state.state === 'stopping')) this.end()
    else this.publish(this.run)
  }

  private begin(row: RunRow): void {
    const job = `${this.run.id}-${row.name}`
    if (row.destination === null || row.options === null) return
    this.cluster.startMove(job, { vm: row.vm, destination: row.destination, options: row.options })
    this.setRow(row.vm.uuid, { state: 'moving', since: Date.now(), job }, { startedAt: Date.now(), endedAt: null, progress: 0 })
    this.say('info', `${row.name} begins to move to ${row.destinationName ?? ''}.`)
  }

  private follow(row: RunRow, id: string, since: number): void {
    const job = this.cluster.moves.get(id)?.job
    const at = Date.now()
    if (job?.state.state === 'running') this.setRow(row.vm.uuid, row.state, { progress: job.progress, throughput: 1.1e8 })
    else if (job?.state.state === 'succeeded') {
      this.setRow(row.vm.uuid, { state: 'moved', at, job: id, seconds: (at - since) / 1000, downtimeMs: 48 }, { endedAt: at, progress: null, throughput: null })
      this.say('info', `${row.name} has arrived on ${row.destinationName ?? ''}.`)
      this.cluster.placements.unshift(this.placement(row, id, at, (at - since) / 1000))
    } else if (job?.state.state === 'failed') {
      this.setRow(row.vm.uuid, { state: 'failed', at, job: id, problem: job.state.problem, whereabouts: job.state.whereabouts }, { endedAt: at, progress: null, throughput: null })
      this.say('error', `${row.name}: ${job.state.problem.message}`)
    } else if (job?.state.state === 'cancelled') this.setRow(row.vm.uuid, { state: 'skipped', at, reason: 'Its move was cancelled.' }, { endedAt: at, progress: null, throughput: null })
  }

  private placement(row: RunRow, id: string, at: number, seconds: number): Placement {
    const { vm, name, destination, sourceName, destinationName, options } = row
    return { id, t: at, vm: vm.uuid, vmName: name, from: vm.host, fromName: sourceName, to: destination ?? '', toName: destinationName ?? '', technique: options?.technique ?? '', run: this.run.id, kind: this.run.request.kind, reason: this.run.reason, who: 'ada', seconds, downtimeMs: 48, bytes: 2.3e9 }
  }

  private sample(): void {
    const busy = this.run.rows.filter((row) => row.state.state === 'moving')
    const used = (host: string) => [...this.cluster.vms.values()].filter((vm) => vm.ref.host === host).reduce((sum, vm) => sum + vm.memoryKiB, 4 * 1048576)
    const hosts = [...this.cluster.hosts.values()].filter((host) => host.connection.state === 'online').map((host) => ({ host: host.record.id, memory: [used(host.record.id)] }))
    const ways = [...new Set(this.run.rows.filter((row) => row.destination !== null).map((row) => `${row.vm.host} ${row.destination}`))]
    const links = ways.map((way) => {
      const [source = '', destination = ''] = way.split(' ')
      return { source, destination, throughput: [busy.filter((row) => row.destination === destination).length * 1.1e8] }
    })
    this.lastSample = { t: [Date.now()], hosts, links }
    this.samples.t.push(...this.lastSample.t)
    for (const one of hosts) (this.samples.hosts.find(({ host }) => host === one.host) ?? this.samples.hosts[this.samples.hosts.push({ host: one.host, memory: [] }) - 1])?.memory.push(...one.memory)
    for (const one of links) (this.samples.links.find((link) => link.source === one.source && link.destination === one.destination) ?? this.samples.links[this.samples.links.push({ ...one, throughput: [] }) - 1])?.throughput.push(...one.throughput)
  }

  private end(): void {
    const own = 'host' in this.run.request ? this.run.request.host : null
    const left = own === null ? [] : [...this.cluster.vms.values()].filter((vm) => vm.ref.host === own).map((vm) => vm.name)
    const isCancelled = this.run.state.state === 'stopping'
    const isComplete = !isCancelled && this.run.rows.every((row) => row.state.state === 'moved' || row.state.state === 'stays')
    const isEvacuation = this.run.request.kind === 'evacuate'
    const verdict = isCancelled ? 'Stopped: what had moved stays where it is.' : isEvacuation && left.length === 0 ? `Evacuated: ${this.run.hostName ?? ''} was asked and has no VM left.` : isEvacuation ? `${this.run.hostName ?? ''} still has ${left.length} VM${left.length === 1 ? '' : 's'}: ${left.join(', ')}.` : 'All of it came about.'
    this.say(isComplete ? 'info' : 'warning', verdict)
    if (own !== null && isEvacuation && left.length === 0 && this.run.isMaintenance) this.cluster.setMaintenance(own, 'in', this.run.reason)
    this.show({ endedAt: Date.now(), eta: null, state: { state: 'done', at: Date.now(), isComplete, isCancelled, verdict, emptiness: own === null || !isEvacuation ? null : { host: own, isEmpty: left.length === 0, left, at: Date.now() } } })
    this.stop()
  }

  cancel(mode: 'stop' | 'return'): void {
    this.say('warning', mode === 'stop' ? 'Stopped by ada.' : 'Being brought back by ada.')
    this.show({ state: { state: 'stopping', since: Date.now(), mode } })
    for (const row of this.run.rows) if (row.state.state === 'moving') this.cluster.cancel(row.state.job)
  }

  retry(uuid: string, destination: string | undefined): void {
    this.setRow(uuid, { state: 'waiting', reason: 'Tried again.' }, destination === undefined ? {} : { destination, destinationName: this.cluster.hosts.get(destination)?.name ?? null })
    this.publish(this.run)
  }

  stop(): void {
    clearInterval(this.timer)
  }
}
