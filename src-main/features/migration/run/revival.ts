import type { Job } from '../../../contract/job.ts'
import type { Problem } from '../../../contract/problem.ts'
import { delay } from '../../../base/abort.ts'
import type { MoveHandle } from '../../../agent/conductor/move-handle.ts'
import type { AgentLink } from '../../host/agent/agent-link.ts'
import type { HostDirectory } from '../../host/host-session.ts'
import type { Jobs } from '../../job/jobs.ts'
import type { OpenJob } from '../../job/open-job.ts'
import { locate, resolve, toContract, type Located } from '../whereabouts/locate.ts'

export interface RevivalParts {
  readonly jobs: Jobs
  readonly hosts: HostDirectory
  readonly agents: { link(host: string): Pick<AgentLink, 'attach' | 'list'> }
  /** Goes on following a driver that was found again. */
  readonly resume: (job: OpenJob, handle: MoveHandle, knownUntil: number) => Promise<void>
  readonly timing?: Partial<RevivalTiming>
}

export interface RevivalTiming {
  /** Between two questions while something still happens, or a host is silent. */
  readonly askEveryMs: number
  /** An answer that could still change by itself is believed when it was the same after so long. */
  readonly steadyMs: number
}

/** Finds out what became of jobs whose driver is gone: its agent is attached to where it lives, else both hosts are asked until they have answered. */
export class Revival {
  readonly #parts: RevivalParts
  readonly #timing: RevivalTiming
  readonly #closed = new AbortController()

  constructor(parts: RevivalParts) {
    this.#parts = parts
    this.#timing = { askEveryMs: 2_000, steadyMs: 1_500, ...parts.timing }
  }

  /** Takes up a job of an earlier process. */
  async revive(job: OpenJob): Promise<void> {
    const { signal } = this.#closed
    const { jobs, hosts, agents } = this.#parts
    const { plan } = job.view
    const knownUntil = lastKnown(job)
    const entries = await jobs.journal(job.id)
    try {
      if (entries.some(({ step }) => step === 'agent')) {
        await hosts.whenOnline(plan.vm.host, signal)
        const link = agents.link(plan.vm.host)
        if ((await link.list(signal)).some((each) => each.job === job.id)) {
          job.say('info', `The agent on ${job.view.sourceName} still has the move. Attached to it again.`)
          return await this.#parts.resume(job, link.attach(job.id, 0), knownUntil)
        }
        job.say('warning', `The agent on ${job.view.sourceName} knows nothing of the move any more.`)
      }
    } catch (thrown) {
      if (signal.aborted) return
      job.say('warning', `The agent on ${job.view.sourceName} could not be asked: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
    }
    await this.findOut(job, { code: 'driver-lost', message: 'What drove the move is gone without a last word.', next: 'Both hosts are being asked where the VM is.' })
  }

  /** Asks both hosts until it is clear where the VM is, and ends the job with that. Ends early with {@link close}. */
  async findOut(job: OpenJob, problem: Problem): Promise<void> {
    const { signal } = this.#closed
    const { hosts, jobs } = this.#parts
    const hasFinished = await this.#hasFinished(job.view)
    let before: Located | null = null
    try {
      while (job.isOpen) {
        const now = await locate(job.view, hosts, { hasFinished, signal })
        if (now.fate === 'twice' && hasFinished) {
          job.say('error', `The VM runs on both hosts. Suspending it on ${job.view.sourceName}, whose copy is the older one.`)
          await resolve(job.view, 'suspend-source', hosts, { hasFinished, signal }).catch(() => {})
        }
        if (before && before.fate === now.fate && now.fate !== 'unclear') {
          for (const step of ['perform-finish', 'agent', 'switch']) await jobs.settle(job.id, step)
          return this.#end(job, now, problem)
        }
        if (!isSame(before, now)) job.doubt(problem, toContract(now))
        before = now
        await this.#pause(now.fate === 'unclear' ? this.#timing.askEveryMs : this.#timing.steadyMs, job.view)
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown
    }
  }

  close(): void {
    this.#closed.abort()
  }

  #end(job: OpenJob, located: Located, problem: Problem): void {
    const { view } = job
    const whereabouts = toContract(located)
    const startedAt = view.startedAt ?? view.createdAt
    switch (located.fate) {
      case 'moved':
        job.say('info', located.verdict)
        return job.succeed({ totalMs: Math.max(0, (job.samples.last?.t ?? Date.now()) - startedAt), downtimeMs: null, guestGapMs: null, bytes: null, iterations: null })
      case 'stayed':
        return job.fail({ ...problem, message: `The move was interrupted. ${located.verdict}`, next: 'Start the move again.' }, whereabouts)
      case 'left-behind':
        return job.fail({ ...problem, code: 'left-behind', message: located.verdict, next: `Force off the copy on ${view.sourceName}, and nothing else.` }, whereabouts)
      case 'needs-hand':
        return job.fail({ ...problem, code: 'needs-hand', message: located.verdict, next: located.steps.includes('resume-source') ? `Resume it on ${view.sourceName}.` : 'Look at both hosts.' }, whereabouts)
      case 'lost':
      case 'twice':
        return job.fail({ ...problem, code: located.fate === 'lost' ? 'vm-lost' : 'vm-twice', message: located.verdict, next: 'Look at both hosts before anything else.' }, whereabouts)
      case 'unclear':
        return
    }
  }

  /** Whether the destination may have been told to take over. */
  async #hasFinished(job: Job): Promise<boolean> {
    const entries = await this.#parts.jobs.journal(job.id)
    return entries.some(({ step }) => step === 'perform-finish' || step === 'switch')
  }

  /** Until the time is over, or one of the two hosts came or went. */
  async #pause(milliseconds: number, job: Job): Promise<void> {
    const woken = new AbortController()
    const subscription = this.#parts.hosts.onDidChangeSession((host) => {
      if (host === job.plan.vm.host || host === job.plan.destination) woken.abort()
    })
    try {
      await delay(milliseconds, AbortSignal.any([woken.signal, this.#closed.signal])).catch(() => {})
    } finally {
      subscription.dispose()
    }
    this.#closed.signal.throwIfAborted()
  }
}

/** Until when the job was followed, in milliseconds since the epoch. The last line of its log is the one that tells of the restart. */
function lastKnown(job: OpenJob): number {
  return Math.max(job.samples.last?.t ?? 0, job.log.at(-2)?.t ?? 0)
}

function isSame(a: Located | null, b: Located): boolean {
  return a !== null && a.source === b.source && a.destination === b.destination && a.verdict === b.verdict
}
