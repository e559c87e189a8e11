import { implement } from '@orpc/server'
import type { Caller } from '../../base/wire.ts'
import { jobContract } from '../../contract/job.ts'
import type { Jobs } from './jobs.ts'

export function jobRouter(jobs: Jobs) {
  const os = implement(jobContract).$context<Caller>()
  return {
    list: os.list.handler(({ input }) => jobs.list(input)),
    watchAll: os.watchAll.handler(({ signal }) => jobs.watchAll(signal)),
    watch: os.watch.handler(({ input, signal }) => jobs.watch(input.job, input.subscription, signal)),
    ack: os.ack.handler(({ input }) => jobs.ack(input.subscription, input.seq)),
    locate: os.locate.handler(({ input, signal }) => jobs.locate(input.job, signal)),
    resolve: os.resolve.handler(async ({ input, signal }) => void (await jobs.resolve(input.job, input.step, signal))),
  }
}
