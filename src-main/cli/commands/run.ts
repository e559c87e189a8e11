import { randomUUID } from 'node:crypto'
import type { Command } from '../command.ts'
import { exitCodes, Stop, type ExitCode } from '../exit-code.ts'
import { watchRun } from '../watch-run.ts'
import { describePlan, makePlan, rowsOf, type PlanWords } from './plan.ts'

export interface RunWords extends PlanWords {
  readonly reason?: string
  readonly maintenance?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** `drover evacuate HOST` and `drover return HOST`: the plan, a question, and the run until its end. */
export async function carryOut(command: Command, kind: 'evacuate' | 'return', host: string, words: RunWords): Promise<ExitCode> {
  const { session, terminal, signal } = command
  const made = await makePlan(command, kind, host, words)
  const { plan, hostName } = made
  if (words.dryRun) {
    terminal.result(describePlan(made), plan)
    return kind === 'return' || plan.empties ? exitCodes.done : exitCodes.refused
  }
  const rows = rowsOf(made)
  if (!words.yes || !terminal.isJson) terminal.say(describePlan(made))
  const question = kind === 'evacuate' ? `Empty ${hostName}?` : `Bring the VMs of ${hostName} back?`
  const isWanted = words.yes || (await terminal.confirm(question, { what: 'Nothing was moved: --yes is needed to go on without being asked.', signal }))
  if (!isWanted) throw new Stop(exitCodes.cancelled, 'Nothing was moved.')
  const id = randomUUID()
  const client = await session.client(signal)
  await client.cluster.start(
    {
      run: id,
      request: plan.request,
      rows,
      reason: words.reason ?? '',
      isMaintenance: words.maintenance ?? false,
      perHost: plan.perHost,
      perLink: plan.perLink,
      forecastSeconds: plan.seconds,
    },
    { signal },
  )
  return watchRun(id, command)
}
