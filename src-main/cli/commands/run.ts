import { randomUUID } from 'node:crypto'
import type { Run } from '../../contract/run.ts'
import type { Command } from '../command.ts'
import { exitCodes, Stop, type ExitCode } from '../exit-code.ts'
import { readCluster } from '../cluster-view.ts'
import { describeRun, watchRun } from '../watch-run.ts'
import { describePlan, makePlan, rowsOf, type PlanWords } from './plan.ts'

export interface RunWords extends PlanWords {
  readonly reason?: string
  readonly maintenance?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** `drover evacuate HOST` and `drover return HOST`: the plan, a question, and the run until its end. One that broke off with its Drover is gone on with. */
export async function carryOut(command: Command, kind: 'evacuate' | 'return', host: string, words: RunWords): Promise<ExitCode> {
  const { session, terminal, signal } = command
  const brokenOff = await findBrokenOff(command, kind, host)
  if (brokenOff) return goOn(brokenOff, command, words)
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

/** The run for that host that waits for a word since Drover was started anew, or null. */
async function findBrokenOff({ session, terminal, signal }: Command, kind: 'evacuate' | 'return', word: string): Promise<Run | null> {
  const { record } = (await readCluster(session, terminal, signal)).host(word)
  return session.follow<{ runs: Run[] }, Run | null>(
    (client, reading) => client.cluster.watchRuns(undefined, { signal: reading }),
    ({ runs }) => ({ done: true, value: runs.find(({ request, state }) => state.state === 'awaiting-word' && request.kind === kind && request.host === record.id) ?? null }),
    signal,
  )
}

async function goOn(run: Run, command: Command, words: RunWords): Promise<ExitCode> {
  const { session, terminal, signal } = command
  if (words.dryRun) {
    terminal.result(`This run broke off when its Drover ended, and would be gone on with:\n\n${describeRun(run)}`, run)
    return exitCodes.done
  }
  terminal.say(`A run from ${new Date(run.createdAt).toISOString()} broke off when its Drover ended:\n\n${describeRun(run)}\n`)
  const isWanted = words.yes || (await terminal.confirm('Go on with it?', { what: 'Nothing begins: --yes is needed to go on without being asked.', signal }))
  if (!isWanted) throw new Stop(exitCodes.cancelled, 'Nothing begins. The run still waits for a word.')
  await (await session.client(signal)).cluster.resume({ run: run.id }, { signal })
  return watchRun(run.id, command)
}
