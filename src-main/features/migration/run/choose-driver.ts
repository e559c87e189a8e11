import type { MoveOptions } from '../../../contract/migration.ts'
import { abortable, within } from '../../../base/abort.ts'
import { messageOf } from '../../../base/failure.ts'

/** As much of an agent's link as choosing needs. */
export interface AgentReadiness {
  ready(signal?: AbortSignal): Promise<unknown>
}

export interface DriverChoice {
  readonly driver: 'agent' | 'app'
  /** Why the app must drive although an agent was wanted; null otherwise. */
  readonly reason: string | null
}

/** Milliseconds that a dialog waits for agents; one that is still being uploaded by then is believed to start. */
const dialogMs = 4_000

/**
 * Who is to drive. `isPatient` waits as long as uploading takes. Agents are brought to both hosts and started now, so that what the confirmation says is true. A VM that is off has nothing that a lost
 * connection could hurt: there the app drives unless an agent was asked for.
 */
export async function chooseDriver(options: Pick<MoveOptions, 'driver' | 'technique'>, about: { useAgent: boolean; agents: readonly AgentReadiness[]; isPatient: boolean; signal: AbortSignal }): Promise<DriverChoice> {
  if (options.driver === 'app' || (options.driver === 'auto' && (!about.useAgent || options.technique === 'offline'))) return { driver: 'app', reason: null }
  const ready = Promise.all(about.agents.map((agent) => agent.ready()))
  ready.catch(() => {})
  try {
    await (about.isPatient ? abortable(ready, about.signal) : within(dialogMs, 'Starting the agents', ready, about.signal))
    return { driver: 'agent', reason: null }
  } catch (thrown) {
    about.signal.throwIfAborted()
    const isSlow = thrown instanceof Error && 'code' in thrown && thrown.code === 'deadline'
    return isSlow ? { driver: 'agent', reason: null } : { driver: 'app', reason: messageOf(thrown) }
  }
}
