import { Connection } from '../client/connection.ts'
import { FarSide, Refusal } from '../client/far-side.fixture.ts'
import { domainStates, pausedReasons, runningReasons } from '../wire/constants/domain-state.ts'
import { jobOperations, jobTypes } from '../wire/constants/job.ts'
import type { ProcedureName } from '../wire/procedures.ts'
import { drive, type DriveHands } from './drive.ts'
import type { Outcome, StepNote } from './outcome.ts'
import type { MovePlan } from './plan.ts'

export const uuid = '00000000-0000-4000-8000-000000000001'
export const dom = { name: 'vm', uuid, id: 1 }
export const plan: MovePlan = { domain: dom, flags: { live: true }, migrateUri: 'tcp://dest' }

const short: { readonly [name in ProcedureName]?: string } = {
  domainMigrateBegin3Params: 'begin',
  domainMigratePrepare3Params: 'prepare',
  domainMigratePerform3Params: 'perform',
  domainMigrateFinish3Params: 'finish',
  domainMigrateConfirm3Params: 'confirm',
  domainAbortJob: 'abort',
  domainResume: 'resume',
}

/** What a scripted daemon answers when it is asked for the domain. */
export type Standing = 'absent' | { readonly state: keyof typeof domainStates; readonly reason?: number; readonly migrates?: 'in' | 'out' }

export const running: Standing = { state: 'running', reason: runningReasons.booted }
export const arrived: Standing = { state: 'running', reason: runningReasons.migrated }
export const pausedByMove: Standing = { state: 'paused', reason: pausedReasons.migration }

/** A scripted daemon that would let a move succeed, and says so in the order of `trail`. */
export function daemon(trail: string[], side: 'source' | 'destination', standing: Standing): FarSide {
  const far = new FarSide()
  stand(far, standing)
  far.onCall = ({ name, args }) => {
    if (!short[name]) return
    const { cancelled } = args as { readonly cancelled?: number }
    trail.push(`${short[name]}${cancelled === undefined ? '' : `(${cancelled})`}${side === 'source' ? '' : ' at destination'}`)
  }
  far.on('domainMigrateBegin3Params', () => ({ cookieOut: Buffer.from('begin'), xml: '<domain/>' }))
  far.on('domainMigratePrepare3Params', () => ({ cookieOut: Buffer.from('prepare'), uriOut: null }))
  far.on('domainMigratePerform3Params', () => ({ cookieOut: Buffer.from('perform') }))
  far.on('domainMigrateFinish3Params', ({ cancelled }) => {
    if (cancelled) throw new Refusal('VIR_ERR_MIGRATE_FINISH_OK')
    return { dom: { ...dom, id: 7 }, cookieOut: Buffer.from('finish') }
  })
  far.on('domainMigrateConfirm3Params', () => {})
  far.on('domainAbortJob', () => {})
  far.on('domainResume', () => {})
  return far
}

export function stand(far: FarSide, standing: Standing): void {
  far.on('domainLookupByUuid', () => {
    if (standing === 'absent') throw new Refusal('VIR_ERR_NO_DOMAIN')
    return { dom }
  })
  far.on('domainGetState', () => {
    if (standing === 'absent') throw new Refusal('VIR_ERR_NO_DOMAIN')
    return { state: domainStates[standing.state], reason: standing.reason ?? 0 }
  })
  far.on('domainGetJobStats', () => {
    const migrates = standing === 'absent' ? undefined : standing.migrates
    if (!migrates) return { type: jobTypes.none, params: [] }
    const operation = migrates === 'in' ? jobOperations['migration-in'] : jobOperations['migration-out']
    return { type: jobTypes.unbounded, params: [{ field: 'operation', type: 'int', value: operation }] }
  })
}

export interface Stage {
  /** Calls of the protocol in the order in which the daemons got them. */
  readonly trail: string[]
  readonly notes: StepNote[]
  readonly source: FarSide
  readonly destination: FarSide
  run(change?: Partial<MovePlan>, hands?: Partial<DriveHands>): Promise<Outcome>
  /** A new connection to a daemon that stands as told, for settling. */
  reach(side: 'source' | 'destination', standing: Standing): Promise<{ far: FarSide; connection: Connection }>
  close(): void
}

export async function stage(): Promise<Stage> {
  const trail: string[] = []
  const notes: StepNote[] = []
  const source = daemon(trail, 'source', running)
  const destination = daemon(trail, 'destination', 'absent')
  const connections = await Promise.all([Connection.open(source.near), Connection.open(destination.near)])
  const [toSource, toDestination] = connections
  return {
    trail,
    notes,
    source,
    destination,
    run: (change = {}, hands = {}) =>
      drive({ ...plan, ...change }, { source: toSource, destination: toDestination, onStep: (note) => notes.push(note), ...hands }),
    async reach(side, standing) {
      const far = daemon(trail, side, standing)
      const connection = await Connection.open(far.near)
      connections.push(connection)
      return { far, connection }
    },
    close: () => connections.forEach((connection) => connection.close()),
  }
}
