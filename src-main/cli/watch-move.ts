import { randomUUID } from 'node:crypto'
import type { Job, JobFrame } from '../contract/job.ts'
import type { Command } from './command.ts'
import { bytes, range, seconds } from './figures.ts'
import { exitCodes, type ExitCode } from './exit-code.ts'
import { onward } from './session.ts'

/** Follows a move to its end, whoever drives it. Ctrl-C cancels; past the point of no return it is said why it goes on. */
export async function watchMove(id: string, { session, terminal, signal, onInterrupt }: Command): Promise<ExitCode> {
  let job: Job | undefined
  const release = onInterrupt(() => {
    void cancel().catch((thrown: unknown) => terminal.say(thrown instanceof Error ? thrown.message : String(thrown)))
  })
  async function cancel(): Promise<void> {
    const cancellation = job?.state.state === 'running' ? job.state.cancellation : null
    if (cancellation?.can === 'no') return terminal.say(`${cancellation.reason} Waiting for the end.`)
    terminal.say('Cancelling …')
    await (await session.client()).migration.cancel({ job: id })
  }
  let subscription = ''
  let isFree = false
  try {
    return await session.follow<JobFrame, ExitCode>(
      (client, reading) => client.job.watch({ job: id, subscription: (subscription = randomUUID()) }, { signal: reading }),
      (frame, client) => {
        void client.job.ack({ subscription, seq: frame.seq }).catch(() => {})
        job = frame.job
        for (const { level, text } of frame.isSnapshot ? [] : frame.log) if (level !== 'info') terminal.say(`${level}: ${text}`)
        const { state } = frame.job
        switch (state.state) {
          case 'queued':
            terminal.progress(`${job.vmName} waits: ${state.reason}`, 'queued')
            return onward
          case 'running':
            if (job.pages?.mayPowerOff && !isFree) {
              isFree = true
              terminal.say(`${job.sourceName} is free of ${job.vmName}${job.pages.sourceFreeMs === null ? '' : ` since ${seconds(job.pages.sourceFreeMs / 1000)} after the beginning`}.`)
            }
            terminal.progress(progressOf(frame), state.phase)
            return onward
          case 'uncertain':
            if (!state.whereabouts) {
              terminal.progress(state.problem.message, 'uncertain')
              return onward
            }
            terminal.result(`${state.problem.message} ${state.whereabouts.verdict}`, frame.job)
            return { done: true, value: exitCodes.failed }
          case 'succeeded': {
            const { totalMs, guestGapMs, downtimeMs, bytes: sent } = state.result
            const gap = guestGapMs ?? downtimeMs
            terminal.result(`Moved ${job.vmName} from ${job.sourceName} to ${job.destinationName} in ${seconds(totalMs / 1000)}${gap === null ? '' : `, standing still for ${Math.round(gap)} ms`}${sent === null ? '' : `, ${bytes(sent)} sent`}.`, frame.job)
            return { done: true, value: exitCodes.done }
          }
          case 'failed':
            terminal.result([state.problem.message, state.problem.evidence, state.whereabouts?.verdict, state.problem.next].filter(Boolean).join('\n'), frame.job)
            return { done: true, value: exitCodes.failed }
          case 'cancelled':
            terminal.result(`The move of ${job.vmName} was cancelled. ${state.whereabouts?.verdict ?? ''}`.trim(), frame.job)
            return { done: true, value: exitCodes.cancelled }
        }
      },
      signal,
    )
  } finally {
    release()
  }
}

const phases = { preparing: 'preparing', storage: 'copying disks', memory: 'copying memory', switching: 'switching over', postcopy: 'post-copy', finishing: 'finishing', recovering: 'waiting to recover' } as const

function progressOf({ job, samples }: JobFrame): string {
  const phase = job.state.state === 'running' ? phases[job.state.phase] : ''
  const speed = samples.throughput.at(-1)
  const left = job.eta === 'not-converging' ? 'does not converge' : job.eta ? `${range(job.eta, seconds)} left` : ''
  return [`${job.vmName} → ${job.destinationName}`, job.progress === null ? '' : `${Math.round(job.progress * 100)} %`, phase, speed ? `${bytes(speed)}/s` : '', left].filter(Boolean).join('  ')
}
