import type { Job, JobFrame, LogLine } from '../../contract/job.ts'
import { Slot } from '../../base/slot.ts'
import type { SlotHub } from '../../base/slot-hub.ts'
import { toColumns, type MoveSample } from './sample-log.ts'

/** What a watcher of one job has not been told yet. */
interface News {
  /** Everything so far is to be sent, whatever it is by then. */
  readonly isSnapshot: boolean
  readonly job: Job
  readonly samples: readonly MoveSample[]
  readonly log: readonly LogLine[]
}

/** Rows and lines that may wait for a slow watcher; beyond it the watcher gets everything anew. */
const waitingLimit = 600

/** All samples and lines of a job, read at the moment when they are sent. */
export interface JobPast {
  readonly samples: JobFrame['samples']
  readonly log: readonly LogLine[]
}

/** All who watch a job. */
export type JobWatchers = SlotHub<News, JobFrame>

export function openJobSlot(job: Job, past: () => JobPast): Slot<News, JobFrame> {
  const slot = new Slot<News, JobFrame>(mergeNews, (news, seq) => {
    if (!news.isSnapshot) return { seq, isSnapshot: false, job: news.job, samples: toColumns(news.samples), log: [...news.log] }
    const { samples, log } = past()
    return { seq, isSnapshot: true, job: news.job, samples, log: [...log] }
  })
  slot.offer({ isSnapshot: true, job, samples: [], log: [] })
  return slot
}

function mergeNews(waiting: News, next: News): News {
  if (waiting.isSnapshot || next.isSnapshot) return { isSnapshot: true, job: next.job, samples: [], log: [] }
  const samples = next.samples.length > 0 ? [...waiting.samples, ...next.samples] : waiting.samples
  const log = next.log.length > 0 ? [...waiting.log, ...next.log] : waiting.log
  const isTooMuch = samples.length + log.length > waitingLimit
  return isTooMuch ? { isSnapshot: true, job: next.job, samples: [], log: [] } : { isSnapshot: false, job: next.job, samples, log }
}

/** The slot of one watcher of all jobs. */
export type JobsSlot = Slot<ReadonlyMap<string, Job>, { readonly seq: number; readonly jobs: Job[] }>

export function openJobsSlot(): JobsSlot {
  return new Slot(
    (waiting, next) => new Map([...waiting, ...next]),
    (jobs, seq) => ({ seq, jobs: [...jobs.values()] }),
  )
}
