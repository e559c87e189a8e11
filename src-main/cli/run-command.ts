import { Failure, messageOf } from '../base/failure.ts'
import type { Job } from '../contract/job.ts'
import { problem } from '../contract/problem.ts'
import type { Run } from '../contract/run.ts'
import type { Health } from '../contract/settings.ts'
import type { Profile } from '../owner/profile.ts'
import type { Command } from './command.ts'
import { exitCodeOf, exitCodes, Stop, type ExitCode } from './exit-code.ts'
import { onward, Session, type Followed } from './session.ts'
import { Terminal } from './terminal.ts'

/**
 * Runs one command in the profile, and tells what stopped it. Where this process owns the profile it stays until no move hangs on it. Never rejects.
 */
export async function runCommand(profile: Profile, options: { json: boolean }, work: (command: Command) => Promise<ExitCode | void>): Promise<ExitCode> {
  const terminal = new Terminal(options)
  const session = new Session(profile)
  const ending = new AbortController()
  let taker: (() => void) | null = null
  const interrupt = () => (taker ? taker() : ending.abort(new Stop(exitCodes.cancelled, 'Cancelled.')))
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  const command: Command = {
    session,
    terminal,
    signal: ending.signal,
    onInterrupt(take) {
      taker = take
      return () => (taker = null)
    },
  }
  let exit: ExitCode
  try {
    await tellHealth(command)
    exit = (await work(command)) ?? exitCodes.done
  } catch (thrown) {
    tell(terminal, thrown)
    exit = exitCodeOf(thrown)
  }
  await leave(command).catch(() => {})
  session.close()
  terminal.settle()
  await profile.close()
  return exit
}

/** Where nothing can be kept, whoever gives a command learns it before it is carried out. */
async function tellHealth({ session, terminal, signal }: Command): Promise<void> {
  const store = await session.follow<Health, Health['store']>(
    (client, reading) => client.settings.health(undefined, { signal: reading }),
    (health) => ({ done: true, value: health.store }),
    signal,
  )
  if (store) terminal.say(['warning:', store.message, store.evidence, store.next].filter(Boolean).join(' '))
}

const over: readonly Job['state']['state'][] = ['succeeded', 'failed', 'cancelled', 'uncertain']
const going: readonly Run['state']['state'][] = ['running', 'stopping', 'returning']

/** Other windows may have begun runs and moves through this process: those that it drives itself would break off with it, and queues would wait for a word. */
async function leave({ session, terminal, signal }: Command): Promise<void> {
  if (!session.isOwner) return
  const stay = (names: readonly string[]) => terminal.progress(`This process carries out ${names.join(', ')}; it ends with that. Ctrl-C leaves at once.`, names.join())
  await session.follow<{ runs: Run[] }, true>(
    (client, reading) => client.cluster.watchRuns(undefined, { signal: reading }),
    untilNone(({ runs }) => runs, ({ state }) => going.includes(state.state), (runs) => stay(runs.map(({ hostName }) => `the run for ${hostName ?? 'all hosts'}`))),
    signal,
  )
  await session.follow<{ jobs: Job[] }, true>(
    (client, reading) => client.job.watchAll(undefined, { signal: reading }),
    untilNone(({ jobs }) => jobs, ({ state, driver }) => driver === 'app' && !over.includes(state.state), (jobs) => stay(jobs.map(({ vmName }) => `the move of ${vmName}`))),
    signal,
  )
}

/** What to do with frames of changed things until none of them goes on any more; `tell` hears which still do. */
function untilNone<Frame, Thing extends { readonly id: string }>(thingsOf: (frame: Frame) => readonly Thing[], isGoing: (thing: Thing) => boolean, tell: (things: readonly Thing[]) => void): (frame: Frame) => Followed<true> {
  const open = new Map<string, Thing>()
  return (frame) => {
    for (const thing of thingsOf(frame)) {
      if (isGoing(thing)) open.set(thing.id, thing)
      else open.delete(thing.id)
    }
    if (open.size === 0) return { done: true, value: true }
    tell([...open.values()])
    return onward
  }
}

function tell(terminal: Terminal, thrown: unknown): void {
  const about = thrown instanceof Failure ? { code: thrown.code, message: thrown.message, evidence: thrown.evidence, next: thrown.next } : problemIn(thrown)
  terminal.say([about.message, about.evidence, about.next].filter(Boolean).join('\n'))
  if (terminal.isJson) terminal.result('', { problem: about })
}

/** What the contract carries, else the words of the error. */
function problemIn(thrown: unknown): { code: string; message: string; evidence?: string | undefined; next?: string | undefined } {
  const carried = problem.safeParse(thrown instanceof Error && 'data' in thrown ? thrown.data : undefined)
  return carried.success ? carried.data : { code: 'internal', message: messageOf(thrown) }
}
