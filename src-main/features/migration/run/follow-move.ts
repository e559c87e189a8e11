import type { MoveHandle } from '../../../agent/conductor/move-handle.ts'
import type { MoveEvent, MoveOutcome, MoveStep } from '../../../agent/protocol/move-event.ts'
import type { OpenJob } from '../../job/open-job.ts'
import type { MoveSample } from '../../job/sample-log.ts'
import { LiveEta, type Expected } from '../forecast/live-eta.ts'
import { progressOf } from '../forecast/progress.ts'
import { PagesOnTheirWay } from './pages-on-their-way.ts'

const stepNames: Record<MoveStep, string> = {
  begin: 'Begin on the source',
  prepare: 'Prepare on the destination',
  perform: 'Perform on the source',
  switch: 'Switch to post-copy',
  finish: 'Finish on the destination',
  confirm: 'Confirm on the source',
}

/** Milliseconds without a sample after which what the agents count makes one. */
const ownRowMs = 400

/**
 * Turns what a driver tells into the job's state, samples and log until the move has ended, and answers how. Events up to `knownUntil` (milliseconds since the
 * epoch) were told before a restart: they set the state again and are not logged twice. `expected`: what was known before it began. Never rejects.
 */
export async function followMove(job: OpenJob, handle: MoveHandle, options: { knownUntil?: number; expected?: Expected; onIntent?: (intent: 'perform-finish' | 'switch') => void } = {}): Promise<MoveOutcome> {
  const { technique, autoConverge, downtimeMs } = job.view.plan.options
  const expectedMemory = options.expected?.memory ?? null
  const eta = new LiveEta({ technique, autoConverge, downtimeMs }, options.expected)
  const knownUntil = options.knownUntil ?? 0
  const pages = new PagesOnTheirWay()
  const show = (row: MoveSample): void => {
    job.sample(row)
    const seen = pages.asSeenBehind(row)
    job.advance(progressOf(seen, expectedMemory), eta.take(seen))
  }
  const take = (event: MoveEvent): void => {
    const say: OpenJob['say'] = (level, text) => {
      if (event.t > knownUntil) job.say(level, text)
    }
    switch (event.kind) {
      case 'started':
        job.run({})
        pages.begin(event.t)
        return say('info', `The move began, driven by ${event.driver === 'agent' ? `the agent on ${job.view.sourceName}` : 'this computer'} (flags 0x${event.flags.toString(16)}).`)
      case 'step':
        if (event.state === 'done') say('info', `${stepNames[event.step]}: done in ${Math.round(event.ms)} ms.`)
        if (event.state === 'failed') say('error', `${stepNames[event.step]}: ${event.failure.sentence}`)
        return
      case 'phase':
        return job.run({ phase: event.phase })
      case 'controls':
        return job.run(event.controls)
      case 'sample':
        return show({ t: event.t, ...event.sample, pages: pages.sample })
      case 'pages': {
        job.count(pages.take(event.pages))
        const last = job.samples.last
        // The source's QEMU may be gone while the destination still gathers: then nothing else tells.
        return last && event.t - last.t >= ownRowMs ? show({ ...last, t: event.t, pages: pages.sample }) : undefined
      }
      case 'log':
        return say(event.level, event.text)
      case 'intent':
        return options.onIntent?.(event.intent)
      case 'no-return':
        if (event.state === 'crossed') job.run({ isPastNoReturn: true })
        return say('warning', event.state === 'announced' ? `Ahead: the point of no return. ${event.consequence}` : 'The point of no return is crossed.')
      case 'limits':
        if (event.limits.downtimeMs !== null) eta.setDowntime(event.limits.downtimeMs)
        return say('info', `Limits: ${limit(event.limits.bandwidthMiBps, 'MiB/s')}, downtime ${limit(event.limits.downtimeMs, 'ms')}.`)
      case 'recovering':
        job.run({ phase: event.state === 'resumed' ? 'postcopy' : 'recovering' })
        return say(event.state === 'resumed' ? 'info' : 'warning', event.reason)
      case 'ended':
        return
    }
  }
  const subscription = handle.onDidHappen((event) => {
    if (job.isOpen) take(event)
  })
  try {
    return await handle.ended
  } finally {
    subscription.dispose()
  }
}

function limit(value: number | null, unit: string): string {
  return value === null ? 'libvirt’s default' : `${value} ${unit}`
}
