import type { JobState, Phase } from '../../../src-main/contract/job.ts'
import { moveOptions, type MoveOptions } from '../../../src-main/contract/migration.ts'
import type { Plan } from '../../../src-main/contract/plan.ts'
import type { VmRef } from '../../../src-main/contract/vm.ts'
import type { Client } from '../../backend.ts'

/** What a step may use of the window. Names are of the teaching lab. */
export interface TourStage {
  readonly client: Client
  /** Id of the host. Throws where the lab has none of that name. */
  host(name: string): string
  vm(name: string): VmRef
  /** Resolves when Drover has reached the host again. */
  online(name: string): Promise<void>
  go(place: { name: string; params?: Record<string, string> }): void
  /** Between steps: the job or run that was begun, by a name of the tour's own. */
  readonly begun: Map<string, string>
}

export interface TourStep {
  readonly title: string
  /** What to look at, in the presenter's words. */
  readonly text: string
  /** Done when the step is reached, before its text is read out. */
  act?(stage: TourStage): Promise<void>
}

/** The lab of the tour. */
export const tourLab = 'teaching'

async function move(stage: TourStage, vm: string, to: string, options: Partial<MoveOptions> & Pick<MoveOptions, 'technique'>): Promise<string> {
  const job = crypto.randomUUID()
  await stage.client.migration.start({ moves: [{ job, plan: { vm: stage.vm(vm), destination: stage.host(to), options: moveOptions.parse(options) } }] })
  stage.begun.set(vm, job)
  return job
}

/** Plans until both hosts of each row were asked, then carries it out. */
async function carryOut(stage: TourStage, kind: 'evacuate' | 'return', host: string): Promise<void> {
  let plan: Plan | null = null
  for await (const frame of await stage.client.cluster.plan({ kind, host: stage.host(host) })) plan = frame
  if (!plan) return
  const run = crypto.randomUUID()
  const { request, rows, perHost, perLink, seconds } = plan
  await stage.client.cluster.start({ run, request, rows, perHost, perLink, forecastSeconds: seconds, reason: 'The guided tour' })
  stage.go({ name: 'run', params: { id: run } })
}

/** At most three minutes, one key a step. Each begins what it shows by the same calls that a hand would make. */
export const tourSteps: readonly TourStep[] = [
  {
    title: 'Three hosts, twelve VMs',
    text: 'Each card is a libvirt host, each tile a VM on it. Everything here is simulated down to the protocol: the app does not know.',
    async act({ client, go }) {
      await client.demo.setSpeed({ speed: 1 })
      go({ name: 'board' })
    },
  },
  {
    title: 'Move a running VM',
    text: 'As if web-1 had been dragged from alder to birch. It goes on running: its memory is copied while it works, and it stands still for a blink.',
    async act(stage) {
      stage.go({ name: 'board' })
      await move(stage, 'web-1', 'birch', { technique: 'precopy' })
    },
  },
  {
    title: 'A VM that is too busy',
    text: 'build-1 writes twice as fast as the cable carries. Each round leaves as much to copy as the one before: pre-copy will not end, and Drover says so.',
    async act(stage) {
      await stage.client.demo.setSpeed({ speed: 10 })
      const job = await move(stage, 'build-1', 'birch', { technique: 'hybrid', hybridSwitch: { when: 'hand' } })
      stage.go({ name: 'job', params: { id: job } })
      await untilMove(stage, job, isCopying)
    },
  },
  {
    title: 'Switch it to post-copy',
    text: 'The VM changes over now and fetches what it misses from the source. It ends for certain; from here on both hosts must stay up, and Drover said that before.',
    async act(stage) {
      const job = stage.begun.get('build-1')
      if (!job) return
      await untilMove(stage, job, ({ canSwitch }) => canSwitch)
      await stage.client.migration.switchToPostcopy({ job })
      await untilMove(stage, job, ({ phase }) => phase !== 'memory')
    },
  },
  {
    title: 'Empty a host',
    text: 'cedar needs a new disk. Drover finds a place for each of its VMs, asks all hosts, and moves several at a time; in the end cedar itself is asked.',
    act: (stage) => carryOut(stage, 'evacuate', 'cedar'),
  },
  {
    title: 'A host fails in mid-move',
    text: 'orders-db was on its way to cedar when cedar crashed. Drover asks both sides and tells the truth: the VM runs on at alder, where it was.',
    async act(stage) {
      await stage.client.demo.setSpeed({ speed: 1 })
      const job = await move(stage, 'orders-db', 'cedar', { technique: 'precopy' })
      stage.go({ name: 'job', params: { id: job } })
      await untilMove(stage, job, isCopying)
      await stage.client.demo.putFault({ kind: 'host-crash', host: stage.host('cedar') })
    },
  },
  {
    title: 'Back to where they were',
    text: 'cedar has booted. Drover knows what was on it before it was emptied, and brings back what still fits.',
    async act(stage) {
      await stage.client.demo.removeFault({ kind: 'host-crash', host: stage.host('cedar') })
      await stage.client.host.reconnect({ host: stage.host('cedar') })
      await stage.online('cedar')
      await stage.client.demo.setSpeed({ speed: 10 })
      await carryOut(stage, 'return', 'cedar')
    },
  },
  { title: 'That was the tour', text: 'The lab is yours: drag, break and mend what you like. Leaving it brings back your own hosts, untouched.' },
]

/** Resolves once `isSo` holds for the running move, or it has ended. */
async function untilMove({ client }: TourStage, job: string, isSo: (state: Extract<JobState, { state: 'running' }>) => boolean): Promise<void> {
  for await (const { jobs } of await client.job.watchAll()) {
    const state = jobs.find(({ id }) => id === job)?.state
    if (state && state.state !== 'queued' && (state.state !== 'running' || isSo(state))) return
  }
}

const isCopying = ({ phase }: { phase: Phase }): boolean => phase === 'memory'
