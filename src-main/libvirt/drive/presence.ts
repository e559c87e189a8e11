import { Failure, messageOf } from '../../base/failure.ts'
import type { Connection } from '../client/connection.ts'
import { isLibvirtError } from '../client/libvirt-error.ts'
import { jobOperationName, jobFields, jobTypeName } from '../wire/constants/job.ts'
import { domainStateOf, type DomainState } from '../wire/constants/domain-state.ts'
import { TypedParameters } from '../wire/typed-parameter.ts'

/** What one daemon says of a domain. */
export type Presence =
  | { readonly kind: 'absent' }
  /** Defined, not running; `state` tells how it last ended. */
  | { readonly kind: 'inactive'; readonly state: DomainState }
  /** There is a QEMU. `job` is what libvirt is doing with it at the moment. */
  | { readonly kind: 'active'; readonly state: DomainState; readonly job: ActiveJob | null }
  | { readonly kind: 'unanswered'; readonly error: Error }

/** `unknown` where libvirt is too busy with the domain to say. */
export interface ActiveJob {
  readonly operation: ReturnType<typeof jobOperationName>
}

export interface AskOptions {
  /** Of each question. Default 5 s. */
  readonly deadlineMs?: number
  readonly signal?: AbortSignal
}

/** Asks a daemon for a domain. Rejects only with the signal's reason. */
export async function presenceOf(connection: Connection, uuid: string, options: AskOptions = {}): Promise<Presence> {
  const call = { deadlineMs: options.deadlineMs ?? 5000, ...(options.signal ? { signal: options.signal } : {}) }
  try {
    const { dom } = await connection.call('domainLookupByUuid', { uuid }, call)
    const { state, reason } = await connection.call('domainGetState', { dom, flags: 0 }, call)
    const named = domainStateOf(state, reason)
    if (named.state === 'shutoff' || named.state === 'crashed') return { kind: 'inactive', state: named }
    return { kind: 'active', state: named, job: await jobOf(connection, dom, call) }
  } catch (thrown) {
    if (isLibvirtError(thrown, 'VIR_ERR_NO_DOMAIN')) return { kind: 'absent' }
    options.signal?.throwIfAborted()
    return { kind: 'unanswered', error: thrown instanceof Error ? thrown : new Error(messageOf(thrown)) }
  }
}

type Call = { readonly deadlineMs: number; readonly signal?: AbortSignal }

async function jobOf(connection: Connection, dom: { name: string; uuid: string; id: number }, call: Call): Promise<ActiveJob | null> {
  try {
    const { type, params } = await connection.call('domainGetJobStats', { dom, flags: 0 }, call)
    const name = jobTypeName(type)
    if (name !== 'bounded' && name !== 'unbounded') return null
    return { operation: jobOperationName(new TypedParameters(params).number(jobFields.operation) ?? 0) }
  } catch (thrown) {
    // It ended in between: then there is no job to speak of.
    if (isLibvirtError(thrown)) return null
    // Something holds the domain for long (after a restart libvirt 9.0 does for 30 s); its state has been told all the same.
    if (thrown instanceof Failure && thrown.code === 'deadline') return { operation: 'unknown' }
    throw thrown
  }
}
