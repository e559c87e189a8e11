import type { Job, JobState, LogLine, MoveSamples, Phase } from '../../src-main/contract/job.ts'
import { moveOptions, type MovePlan } from '../../src-main/contract/migration.ts'
import { vmKey, type VmView } from '../../src-main/contract/vm.ts'
import { fakePages, samplePages } from './fake-pages.ts'
import type { FakeCluster } from './fake-cluster.ts'

export function emptyMoveSamples(): MoveSamples {
  return { t: [], phase: [], memoryTotal: [], memoryRemaining: [], memoryTransferred: [], throughput: [], dirtyRate: [], iteration: [], throttle: [], diskTotal: [], diskTransferred: [], postcopyRequests: [], blocktimeMs: [], expectedDowntimeMs: [], pages: [] }
}

function running(phase: Phase): JobState {
  return { state: 'running', phase, cancellation: { can: 'yes', effect: 'The VM goes on running where it is; what was copied is thrown away.' }, isPastNoReturn: false, canSwitch: phase === 'memory', canRecover: false }
}

/** A move by script: four beats a second, eight seconds in all, unless it is told to hold still. */
export class FakeMove {
  job: Job
  readonly samples = emptyMoveSamples()
  lastSample = emptyMoveSamples()
  readonly log: LogLine[] = [{ t: Date.now(), level: 'info', text: 'Both hosts agreed to the move.' }]
  /** Share done per beat; 0 holds the move where it is. */
  static pace = 1 / 32
  private readonly timer: ReturnType<typeof setInterval>
  private readonly cluster: FakeCluster
  private readonly publish: (job: Job) => void

  constructor(cluster: FakeCluster, id: string, plan: MovePlan, vm: VmView, publish: (job: Job) => void, gang: Job['gang'] = null) {
    this.cluster = cluster
    this.publish = publish
    const now = Date.now()
    this.job = {
      id, kind: 'move', plan, vmName: vm.name, sourceName: cluster.hosts.get(plan.vm.host)?.name ?? '', destinationName: cluster.hosts.get(plan.destination)?.name ?? '',
      createdAt: now, startedAt: now, endedAt: null, state: running('preparing'), progress: null, eta: null, driver: 'agent', gang,
    }
    publish(this.job)
    this.timer = setInterval(() => this.beat(), 250)
  }

  /** Sets what the job shows, by hand. */
  show(change: Partial<Job>): void {
    this.job = { ...this.job, ...change }
    this.publish(this.job)
  }

  private beat(): void {
    const progress = Math.min(1, (this.job.progress ?? 0) + FakeMove.pace)
    if (progress >= 1) return this.end({ state: 'succeeded', result: { totalMs: Date.now() - (this.job.startedAt ?? 0), downtimeMs: 61, guestGapMs: 48, bytes: 2.3e9, iterations: 4 } })
    const total = 2 * 1024 ** 3
    const { technique } = this.job.plan.options
    const pages = fakePages(technique, progress)
    this.lastSample = {
      t: [Date.now()], phase: [technique === 'scatter' ? 'postcopy' : 'memory'], memoryTotal: [total], memoryRemaining: [total * (1 - progress)], memoryTransferred: [total * progress], throughput: [1.1e8 + 5e6 * Math.sin(progress * 40)],
      dirtyRate: [2e7], iteration: [1 + Math.floor(progress * 4)], throttle: [0], diskTotal: [0], diskTransferred: [0], postcopyRequests: [0], blocktimeMs: [null], expectedDowntimeMs: [80], pages: [samplePages(pages)],
    }
    for (const name of Object.keys(this.samples) as (keyof MoveSamples)[]) (this.samples[name] as unknown[]).push(...this.lastSample[name])
    const left = 8 * (1 - progress)
    this.show({ ...(pages && { pages }), progress, eta: [left * 0.9, left * 1.3 + 1], state: running(technique === 'scatter' ? 'postcopy' : progress > 0.95 ? 'switching' : 'memory') })
  }

  private end(state: JobState): void {
    this.stop()
    const vm = this.cluster.vms.get(vmKey(this.job.plan.vm))
    if (vm && state.state === 'succeeded') this.cluster.moveVm(vm, this.job.plan.destination)
    else if (vm) this.cluster.setVm(vm, { job: null })
    this.show({ state, endedAt: Date.now(), progress: state.state === 'succeeded' ? 1 : this.job.progress, eta: null })
  }

  cancel(): true | undefined {
    if (this.job.endedAt !== null) return undefined
    this.end({ state: 'cancelled', whereabouts: { source: 'running', destination: 'absent', verdict: `The VM runs on ${this.job.sourceName}, as before.`, steps: [] } })
    return true
  }

  /** Ends the move badly. */
  fail(): void {
    this.end({
      state: 'failed',
      problem: { code: 'destination-lost', message: `${this.job.destinationName} stopped answering.`, evidence: 'internal error: client socket is closed', next: 'Check the host, then move again.' },
      whereabouts: { source: 'running', destination: 'absent', verdict: `The VM runs on ${this.job.sourceName}, as before.`, steps: [] },
    })
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** Moves that ended before the window opened. */
  static past(cluster: FakeCluster): Job[] {
    const names = ['mail', 'web-3', 'git', 'queue', 'metrics']
    return names.map((name, index): Job => {
      const vm = [...cluster.vms.values()].find((one) => one.name === name) as VmView
      const endedAt = Date.now() - (index + 1) * 5_400_000
      const isFailed = index === 2
      return {
        id: `past-${index}`, kind: 'move', plan: { vm: { host: 'kvm1', uuid: vm.ref.uuid }, destination: vm.ref.host, options: moveOptions.parse({ technique: index === 1 ? 'hybrid' : 'precopy' }) }, vmName: name,
        sourceName: 'kvm1', destinationName: vm.ref.host, createdAt: endedAt - 21_000, startedAt: endedAt - 20_000, endedAt, progress: isFailed ? 0.62 : 1, eta: null, driver: 'agent',
        state: isFailed
          ? { state: 'failed', problem: { code: 'destination-lost', message: 'kvm2 stopped answering.' }, whereabouts: { source: 'running', destination: 'absent', verdict: 'The VM runs on kvm1, as before.', steps: [] } }
          : { state: 'succeeded', result: { totalMs: 20_000 + index * 3100, downtimeMs: 64 + index * 11, guestGapMs: index === 3 ? null : 52 + index * 7, bytes: 2.2e9 + index * 4e8, iterations: 3 + index } },
      }
    })
  }
}
