import type { Job, Whereabouts } from '../../../contract/job.ts'
import { Failure } from '../../../base/failure.ts'
import { isLibvirtError } from '../../../libvirt/client/libvirt-error.ts'
import { domainStateOf } from '../../../libvirt/wire/constants/domain-state.ts'
import type { DomainRef } from '../../../libvirt/wire/objects.ts'
import type { HostDirectory, HostSession } from '../../host/host-session.ts'
import type { ResolveStep } from '../../job/jobs.ts'
import { judgePlaces, type Fate, type Place, type Places } from './verdict.ts'

/** Milliseconds that a host has to answer where a VM is. */
const answerMs = 10_000

interface Seen {
  readonly place: Place
  readonly isSpent: boolean
}

export interface Located extends Whereabouts {
  readonly fate: Fate
}

type Asked = Pick<Job, 'plan' | 'vmName' | 'sourceName' | 'destinationName'>

/** Asks both hosts where the VM of a job is. Never rejects but with the signal's reason: a host that does not answer is `unreachable`. */
export async function locate(job: Asked, hosts: Pick<HostDirectory, 'session'>, signal?: AbortSignal): Promise<Located> {
  const { vm, destination } = job.plan
  const [here, there] = await Promise.all([see(hosts, vm.host, vm.uuid, signal), see(hosts, destination, vm.uuid, signal)])
  const places: Places = { source: here.place, destination: there.place, isSourceSpent: here.isSpent }
  const { fate, sentence, steps } = judgePlaces(places, { vm: job.vmName, source: job.sourceName, destination: job.destinationName })
  return { source: here.place, destination: there.place, verdict: sentence, steps: [...steps], fate }
}

/** The contract's part of it. */
export function whereaboutsOf({ source, destination, verdict, steps }: Whereabouts): Whereabouts {
  return { source, destination, verdict, steps }
}

/**
 * Takes a safe step. The hosts are asked once more right before; rejects with `step-unsafe` when the step is not (or no longer) among the safe ones.
 * Answers where the VM is afterwards.
 */
export async function resolve(job: Asked, step: ResolveStep, hosts: Pick<HostDirectory, 'session'>, signal?: AbortSignal): Promise<Located> {
  const before = await locate(job, hosts, signal)
  if (!before.steps.includes(step)) {
    throw new Failure('step-unsafe', step === 'resume-source' ? 'Resuming it at the source is not safe.' : 'There is no need to suspend it at the source.', { evidence: before.verdict })
  }
  const session = hosts.session(job.plan.vm.host)
  const dom = await lookUp(session, job.plan.vm.uuid, signal)
  if (dom) await session.connection.call(step === 'resume-source' ? 'domainResume' : 'domainSuspend', { dom }, { deadlineMs: answerMs, ...(signal ? { signal } : {}) })
  return locate(job, hosts, signal)
}

async function see(hosts: Pick<HostDirectory, 'session'>, host: string, uuid: string, signal: AbortSignal | undefined): Promise<Seen> {
  try {
    const session = hosts.session(host)
    const dom = await lookUp(session, uuid, signal)
    if (!dom) return { place: 'absent', isSpent: false }
    const { state, reason } = await session.connection.call('domainGetState', { dom, flags: 0 }, { deadlineMs: answerMs, ...(signal ? { signal } : {}) })
    return placeOf(state, reason)
  } catch {
    signal?.throwIfAborted()
    return { place: 'unreachable', isSpent: false }
  }
}

async function lookUp(session: HostSession, uuid: string, signal: AbortSignal | undefined): Promise<DomainRef | null> {
  try {
    return (await session.connection.call('domainLookupByUuid', { uuid }, { deadlineMs: answerMs, ...(signal ? { signal } : {}) })).dom
  } catch (thrown) {
    if (isLibvirtError(thrown, 'VIR_ERR_NO_DOMAIN')) return null
    throw thrown
  }
}

/** libvirt's state and reason as a place. A post-copy that runs at the destination while pages still come is running. */
export function placeOf(stateNumber: number, reasonNumber: number): Seen {
  const { state, reason } = domainStateOf(stateNumber, reasonNumber)
  switch (state) {
    case 'running':
    case 'blocked':
    case 'shutdown':
    case 'nostate':
      return { place: 'running', isSpent: false }
    case 'paused':
      return { place: 'paused', isSpent: reason === 'postcopy' || reason === 'postcopy-failed' }
    case 'pmsuspended':
      return { place: 'paused', isSpent: false }
    default:
      return { place: 'off', isSpent: false }
  }
}
