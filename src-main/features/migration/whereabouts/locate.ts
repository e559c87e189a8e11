import type { Job, Whereabouts } from '../../../contract/job.ts'
import { Failure } from '../../../base/failure.ts'
import { locate as ask, whereaboutsOf } from '../../../agent/conductor/whereabouts.ts'
import type { Connection } from '../../../libvirt/client/connection.ts'
import type { Verdict } from '../../../libvirt/drive/undecided.ts'
import type { HostDirectory } from '../../host/host-session.ts'
import type { ResolveStep } from '../../job/jobs.ts'

/** Milliseconds that a host has to answer each question. */
const answerMs = 10_000

/** What became of a move, as far as the two answers tell. `unclear` may still change by itself or needs a host's answer. */
export type Fate = 'moved' | 'stayed' | 'left-behind' | 'needs-hand' | 'lost' | 'twice' | 'unclear'

export interface Located extends Whereabouts {
  readonly fate: Fate
}

type Asked = Pick<Job, 'plan' | 'sourceName' | 'destinationName'>
type Directory = Pick<HostDirectory, 'session'>
type AllHosts = Pick<HostDirectory, 'session' | 'list' | 'name'>

/**
 * Asks both hosts where the VM of a job is; a host that does not answer is `unreachable`. `hasFinished`: the destination was told to take over, so the guest may
 * have run there. `hasPerformed` false: the move is known never to have come to Perform. Rejects only with the signal's reason.
 */
export async function locate(job: Asked, hosts: Directory, options: { hasFinished: boolean; hasPerformed?: boolean; signal?: AbortSignal | undefined }): Promise<Located> {
  const { vm, destination } = job.plan
  const about = { deadlineMs: answerMs, ...(options.signal ? { signal: options.signal } : {}) }
  const found = await ask(connectionOf(hosts, vm.host), connectionOf(hosts, destination), vm.uuid, about)
  const said = whereaboutsOf(found, { source: job.sourceName, destination: job.destinationName }, options.hasFinished, options.hasPerformed)
  return { ...said, fate: fateOf(found.verdict, said) }
}

/** The contract's part of it. */
export function toContract({ source, destination, verdict, steps }: Whereabouts): Whereabouts {
  return { source, destination, verdict, steps }
}

/**
 * Takes a safe step. Both hosts are asked once more right before, and every other one whether it runs the VM before a source is resumed; rejects with `step-unsafe` when it is not, or no longer, among the safe ones.
 * Answers where the VM is afterwards.
 */
export async function resolve(job: Asked, step: ResolveStep, hosts: AllHosts, options: { hasFinished: boolean; hasPerformed?: boolean; signal?: AbortSignal | undefined }): Promise<Located> {
  const before = await locate(job, hosts, options)
  if (!before.steps.includes(step)) {
    throw new Failure('step-unsafe', step === 'resume-source' ? 'Resuming the VM at the source is not safe.' : 'There is nothing to suspend at the source.', { evidence: before.verdict })
  }
  if (step === 'resume-source') {
    const elsewhere = await runsElsewhere(job, hosts, options.signal)
    if (elsewhere) throw new Failure('step-unsafe', `The VM runs on ${elsewhere}: resuming it at the source would make two of it.`, { next: 'Somebody else has moved it there. Nothing needs to be done here.' })
  }
  const { connection } = hosts.session(job.plan.vm.host)
  const about = { deadlineMs: answerMs, ...(options.signal ? { signal: options.signal } : {}) }
  const { dom } = await connection.call('domainLookupByUuid', { uuid: job.plan.vm.uuid }, about)
  await connection.call(step === 'resume-source' ? 'domainResume' : 'domainSuspend', { dom }, about)
  return locate(job, hosts, options)
}

/** The name of a third host that has the VM and runs it: another Drover may have moved it on since. Hosts that are not connected cannot be asked. */
async function runsElsewhere(job: Asked, hosts: AllHosts, signal: AbortSignal | undefined): Promise<string | null> {
  const { vm, destination } = job.plan
  const others = hosts.list().filter(({ id }) => id !== vm.host && id !== destination)
  const found = await Promise.all(
    others.map(async ({ id }) => {
      const connection = connectionOf(hosts, id)
      const answer = await connection?.call('domainLookupByUuid', { uuid: vm.uuid }, { deadlineMs: answerMs, ...(signal ? { signal } : {}) }).catch(() => null)
      return answer && answer.dom.id >= 0 ? hosts.name(id) : null
    }),
  )
  return found.find((name) => name !== null) ?? null
}

function connectionOf(hosts: Directory, host: string): Connection | null {
  try {
    return hosts.session(host).connection
  } catch {
    return null
  }
}

function fateOf(verdict: Verdict, { source, destination }: Whereabouts): Fate {
  switch (verdict) {
    case 'at-source':
      return 'stayed'
    case 'at-destination':
      return 'moved'
    case 'left-behind':
    case 'twice':
    case 'lost':
      return verdict
    case 'gone':
      return 'lost'
    case 'paused-at-source':
    case 'postcopy-broken':
      return 'needs-hand'
    case 'off':
      return source === 'absent' ? 'moved' : destination === 'absent' ? 'stayed' : 'left-behind'
    case 'moving':
    case 'postcopy':
    case 'unknown':
      return 'unclear'
  }
}
