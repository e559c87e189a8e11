import { randomUUID } from 'node:crypto'
import type { Run, RunFrame, RunRow } from '../contract/run.ts'
import type { Command } from './command.ts'
import { exitCodes, type ExitCode } from './exit-code.ts'
import { bytes, range, seconds } from './figures.ts'
import { onward } from './session.ts'
import { table } from './table.ts'

/** Follows a run to its end. The first Ctrl-C stops the queue and cancels what can be cancelled; it is told what goes on and why. */
export async function watchRun(id: string, { session, terminal, signal, onInterrupt }: Command): Promise<ExitCode> {
  let isStopping = false
  const release = onInterrupt(() => {
    if (isStopping) return terminal.say('Moves past the point of no return cannot be stopped without losing their VM; they end first.')
    isStopping = true
    terminal.say('Stopping: nothing new begins. What has moved stays where it is now.')
    void session
      .client()
      .then((client) => client.cluster.cancel({ run: id, mode: 'stop' }))
      .catch((thrown: unknown) => terminal.say(thrown instanceof Error ? thrown.message : String(thrown)))
  })
  let subscription = ''
  try {
    return await session.follow<RunFrame, ExitCode>(
      (client, reading) => client.cluster.watchRun({ run: id, subscription: (subscription = randomUUID()) }, { signal: reading }),
      ({ run, log, isSnapshot, seq }, client) => {
        void client.cluster.ack({ subscription, seq }).catch(() => {})
        for (const { level, text } of isSnapshot ? [] : log) if (level !== 'info' || !terminal.isJson) terminal.say(level === 'info' ? text : `${level}: ${text}`)
        if (run.state.state !== 'done') {
          terminal.progress(progressOf(run), stageOf(run))
          return onward
        }
        terminal.result(describeRun(run), run)
        return { done: true, value: exitOf(run) }
      },
      signal,
    )
  } finally {
    release()
  }
}

function exitOf({ state, rows }: Run): ExitCode {
  if (state.state !== 'done') return exitCodes.failed
  if (state.isCancelled) return exitCodes.cancelled
  if (state.isComplete) return exitCodes.done
  return rows.some((row) => row.state.state === 'moved') ? exitCodes.partly : exitCodes.failed
}

/** Changes when a move begins or ends, not with its progress. */
function stageOf({ state, rows }: Run): string {
  return [state.state, ...rows.map((row) => row.state.state)].join()
}

function progressOf(run: Run): string {
  const planned = run.rows.filter(({ how }) => how !== 'stay')
  const moved = planned.filter(({ state }) => state.state === 'moved' || state.state === 'returned').length
  const moving = planned.filter(({ state }) => state.state === 'moving')
  const speed = moving.reduce((sum, { throughput }) => sum + (throughput ?? 0), 0)
  const now = moving.map(({ name, progress }) => `${name}${progress === null ? '' : ` ${Math.round(progress * 100)} %`}`).join(', ')
  return [`${moved} of ${planned.length} moved`, now, speed > 0 ? `${bytes(speed)}/s` : '', run.eta ? `${range(run.eta, seconds)} left` : '', run.state.state === 'running' ? '' : run.state.state].filter(Boolean).join('  ')
}

/** Its VMs and what became of them, and once it is over what it came to. */
export function describeRun(run: Run): string {
  const text = table<RunRow>(
    [
      { head: 'VM', text: ({ name }) => name },
      { head: 'TO', text: ({ destinationName }) => destinationName ?? '–' },
      { head: 'OUTCOME', text: ({ state }) => state.state },
      { head: 'TOOK', isFigure: true, text: ({ state }) => (state.state === 'moved' ? seconds(state.seconds) : '–') },
      { head: 'DOWNTIME', isFigure: true, text: ({ state }) => (state.state === 'moved' && state.downtimeMs !== null ? `${Math.round(state.downtimeMs)} ms` : '–') },
      { head: '', text: ({ state }) => (state.state === 'failed' ? [state.problem.message, state.whereabouts?.verdict].filter(Boolean).join(' ') : 'reason' in state ? state.reason : '') },
    ],
    run.rows,
  )
  return run.state.state === 'done' ? `${text}\n\n${run.state.verdict}` : text
}
