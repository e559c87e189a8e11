import type { LogLine } from '../../../contract/job.ts'
import type { Run, RunFrame } from '../../../contract/run.ts'
import { toRunColumns, type RunSample } from '../../../contract/run-sample.ts'
import { Slot } from '../../../base/slot.ts'
import type { SlotHub } from '../../../base/slot-hub.ts'

interface News {
  /** Everything so far is to be sent, whatever it is by then. */
  readonly isSnapshot: boolean
  readonly run: Run
  readonly samples: readonly RunSample[]
  readonly log: readonly LogLine[]
}

/** Samples and lines that may wait for a slow watcher; beyond it the watcher gets everything anew. */
const waitingLimit = 600

/** All who watch a run. */
export type RunWatchers = SlotHub<News, RunFrame>

export function openRunSlot(run: Run, past: () => { readonly samples: readonly RunSample[]; readonly log: readonly LogLine[] }): Slot<News, RunFrame> {
  const slot = new Slot<News, RunFrame>(merge, (news, seq) => {
    const { samples, log } = news.isSnapshot ? past() : news
    return { seq, isSnapshot: news.isSnapshot, run: news.run, samples: toRunColumns(samples), log: [...log] }
  })
  slot.offer({ isSnapshot: true, run, samples: [], log: [] })
  return slot
}

function merge(waiting: News, next: News): News {
  const samples = [...waiting.samples, ...next.samples]
  const log = [...waiting.log, ...next.log]
  const isTooMuch = samples.length + log.length > waitingLimit
  return waiting.isSnapshot || next.isSnapshot || isTooMuch ? { isSnapshot: true, run: next.run, samples: [], log: [] } : { isSnapshot: false, run: next.run, samples, log }
}

/** The slot of one watcher of all runs. */
export type RunsSlot = Slot<ReadonlyMap<string, Run>, { readonly seq: number; readonly runs: Run[] }>

export function openRunsSlot(): RunsSlot {
  return new Slot(
    (waiting, next) => new Map([...waiting, ...next]),
    (runs, seq) => ({ seq, runs: [...runs.values()] }),
  )
}
