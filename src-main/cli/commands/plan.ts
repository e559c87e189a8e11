import type { Plan, PlanEdit, PlannedMove, PlanRequest, PlanRow } from '../../contract/plan.ts'
import { readCluster, type ClusterView } from '../cluster-view.ts'
import type { Command } from '../command.ts'
import { exitCodes, Stop, type ExitCode } from '../exit-code.ts'
import { depotLines, depotsOf } from '../depots.ts'
import { kib, range, seconds } from '../figures.ts'
import { onward } from '../session.ts'
import { table } from '../table.ts'

export interface PlanWords {
  readonly parallel?: number
  readonly bandwidth?: number
  readonly stagger?: number
  /** Of an evacuation. */
  readonly technique?: 'precopy' | 'postcopy' | 'hybrid' | 'gang' | 'scatter'
  readonly replicas?: string
  readonly depot?: readonly string[]
}

/** A plan with both hosts of every row asked, and the names of hosts. */
export interface MadePlan {
  readonly plan: Plan
  readonly hostName: string
  readonly nameOf: (host: string | null) => string
}

/** Has the plan made for a host, with the options of the command line, and waits until everything in it was checked. */
export async function makePlan({ session, terminal, signal }: Command, kind: 'evacuate' | 'return', word: string, words: PlanWords): Promise<MadePlan> {
  const view = await readCluster(session, terminal, signal)
  const host = view.host(word)
  const request: PlanRequest = {
    kind,
    host: host.record.id,
    vms: null,
    edits: editsOf(host.record.id, words, view),
    perHost: words.parallel ?? null,
    perLink: words.parallel ?? null,
    bandwidthMiBps: words.bandwidth ?? null,
    staggerSeconds: words.stagger ?? 0,
  }
  const plan = await session.follow<Plan, Plan>(
    (client, reading) => client.cluster.plan(request, { signal: reading }),
    (frame) => {
      terminal.progress(`Planning: ${frame.checked} of ${frame.toCheck} VMs checked …`, 'planning')
      return frame.checked >= frame.toCheck ? { done: true, value: frame } : onward
    },
    signal,
  )
  return { plan, hostName: host.name, nameOf: (id) => (id === null ? '–' : (view.hosts.get(id)?.name ?? id)) }
}

/** Every running VM of the host by what was asked for. */
function editsOf(host: string, words: PlanWords, view: ClusterView): PlanEdit[] {
  const { technique, replicas } = words
  const depots = depotsOf(words, view)
  const options = { ...(technique && { technique }), ...(replicas && { replicas: Number(replicas) }), ...(depots && { depots }) }
  if (Object.keys(options).length === 0) return []
  return [...view.vms.values()].filter(({ ref, state }) => ref.host === host && state !== 'off' && state !== 'crashed').map(({ ref }) => ({ vm: ref, decision: 'move', options }))
}

/** `drover plan evacuate HOST`: shows the plan and does nothing. */
export async function showPlan(command: Command, host: string, words: PlanWords): Promise<ExitCode> {
  const made = await makePlan(command, 'evacuate', host, words)
  command.terminal.result(describePlan(made), made.plan)
  return made.plan.empties ? exitCodes.done : exitCodes.refused
}

/** The rows that a run carries out. Rejects with `Stop` (3) where there is nothing to do. */
export function rowsOf({ plan, hostName }: MadePlan): PlannedMove[] {
  const rows = plan.rows.map(({ vm, name, destination, how, options, priority, why }) => ({ vm, name, destination, how, options, priority, why }))
  if (!rows.some(({ how }) => how !== 'stay')) throw new Stop(exitCodes.refused, `Nothing can be moved for ${hostName}.`)
  return rows
}

/** The plan for a terminal: VMs, then those that stay with the reason, then hosts before and after. */
export function describePlan({ plan, nameOf, hostName }: MadePlan): string {
  const moving = plan.rows.filter(({ how }) => how !== 'stay')
  const staying = plan.rows.filter(({ how }) => how === 'stay')
  const parts: string[] = []
  if (moving.length > 0) {
    parts.push(
      table<PlanRow>(
        [
          { head: 'VM', text: ({ name }) => name },
          { head: 'TO', text: ({ destination }) => nameOf(destination) },
          { head: 'HOW', text: ({ how, options }) => (how === 'live' ? (options?.technique ?? 'live') : how) },
          { head: 'MEMORY', isFigure: true, text: ({ memoryKiB }) => kib(memoryKiB) },
          { head: 'TAKES', isFigure: true, text: ({ forecast }) => (forecast ? range(forecast.seconds, seconds) : '–') },
          { head: 'BEGINS', isFigure: true, text: ({ slot }) => (slot ? `+${seconds(slot[0])}` : '–') },
          { head: 'VERDICT', text: ({ verdict }) => verdict },
          { head: 'WHY', text: ({ why }) => why },
        ],
        moving,
      ),
    )
  }
  if (staying.length > 0) {
    parts.push(
      [
        'Stay where they are:',
        ...staying.map(({ name, why, obstacle }) => `  ${name}: ${obstacle ? [obstacle.problem.message, obstacle.problem.next].filter(Boolean).join(' ') : why}`),
      ].join('\n'),
    )
  }
  parts.push(
    table(
      [
        { head: 'HOST', text: ({ name }) => name },
        { head: 'VMS', isFigure: true, text: ({ before, after }) => `${before.vms} → ${after.vms}` },
        { head: 'MEMORY OF VMS', isFigure: true, text: ({ before, after }) => `${kib(before.memoryKiB)} → ${kib(after.memoryKiB)}` },
        { head: 'STAYS FREE', isFigure: true, text: ({ headroomKiB }) => kib(headroomKiB) },
        { head: '', text: ({ isOver90, excluded }) => excluded ?? (isOver90 ? 'over 90 %' : '') },
      ],
      plan.hosts,
    ),
  )
  if (plan.depots?.hosts.length) parts.push(['Depots:', ...depotLines(plan.depots.hosts)].join('\n'))
  for (const warning of plan.warnings) parts.push(`warning: ${warning.message}`)
  const total = plan.seconds ? ` It takes ${range(plan.seconds, seconds)}.` : ''
  parts.push(`${moving.length} of ${plan.rows.length} VMs move, ${plan.perHost} at once per host.${total}${plan.request.kind === 'evacuate' && !plan.empties ? ` ${hostName} is not empty afterwards.` : ''}`)
  return parts.join('\n\n')
}
