import { onScopeDispose, watch } from 'vue'
import { useRouter } from 'vue-router'
import type { Job } from '../../src-main/contract/job.ts'
import { useRunStore } from '../features/cluster/run/run-store.ts'
import { hasSucceeded, runNote, runTitle } from '../features/cluster/run/run-words.ts'
import { vmSelectionKey } from '../features/vm/vm-commands.ts'
import { useSelectionStore } from '../features/inventory/selection-store.ts'
import { moveBack } from '../features/job/job-actions.ts'
import { useJobStore } from '../features/job/job-store.ts'
import { endSentence } from '../features/job/job-words.ts'
import { notify } from '../ui/notice.ts'
import { useTabsStore } from './tabs-store.ts'

/** Tells the end of every run, of every move that is not part of one, keeps the VM selected, and takes its open page along. Call once, in the frame's setup. */
export function useEndings(): void {
  const router = useRouter()
  const jobs = useJobStore()
  const selection = useSelectionStore()
  const tabs = useTabsStore()
  const runs = useRunStore()

  function follow(job: Job): void {
    const there = { host: job.plan.destination, uuid: job.plan.vm.uuid }
    selection.rename(vmSelectionKey(job.plan.vm), vmSelectionKey(there))
    const from = router.resolve({ name: 'vm', params: { ...job.plan.vm } })
    const to = router.resolve({ name: 'vm', params: there })
    const isInFront = router.currentRoute.value.path === from.path
    tabs.move(from.path, { path: to.path, name: 'vm', params: there, fullPath: to.fullPath })
    if (isInFront) void router.replace({ ...to, query: router.currentRoute.value.query })
  }

  onScopeDispose(
    jobs.onDidEnd((job) => {
      const details = { label: 'Details', run: () => void router.push({ name: 'job', params: { id: job.id } }) }
      const title = endSentence(job)
      switch (job.state.state) {
        case 'succeeded':
          follow(job)
          // Twenty moves of a run would be twenty notices: the run tells its own end.
          if (runs.hasJob(job.id)) break
          notify({ tone: 'success', title, actions: [{ label: 'Move back', run: () => moveBack(job) }, details], lastsMs: 12_000 })
          break
        case 'failed':
        case 'uncertain': {
          const { problem, whereabouts } = job.state
          const next = [whereabouts?.verdict, problem.next].filter(Boolean).join(' ')
          notify({
            tone: job.state.state === 'failed' ? 'error' : 'warning',
            title: job.state.state === 'failed' ? `Moving ${job.vmName} to ${job.destinationName} failed` : `What became of moving ${job.vmName} is not known yet`,
            problem: { ...problem, ...(next !== '' && { next }) },
            actions: [details],
            lastsMs: null,
          })
          break
        }
        case 'cancelled':
          if (!runs.hasJob(job.id)) notify({ tone: 'info', title, actions: [details] })
          break
      }
    }),
  )
  onScopeDispose(
    runs.onDidEnd((run) => {
      if (run.state.state !== 'done') return
      const details = { label: 'Show the run', run: () => void router.push({ name: 'run', params: { id: run.id } }) }
      notify({ tone: hasSucceeded(run) ? 'success' : 'warning', title: run.state.verdict || `${runTitle(run)} has ended`, problem: { message: `${runTitle(run)}: ${runNote(run)}` }, actions: [details], lastsMs: hasSucceeded(run) ? 12_000 : null })
    }),
  )
  // After a restart of Drover a queue stands still until somebody answers: said once per run, wherever the window is.
  const asked = new Set<string>()
  watch(
    () => runs.open.filter(({ id, state }) => state.state === 'awaiting-word' && !asked.has(id)),
    (waiting) => {
      for (const run of waiting) {
        asked.add(run.id)
        notify({ tone: 'warning', title: `${runTitle(run)} waits for your word`, problem: { message: 'Drover was started anew in the middle of it. Nothing new begins until you say so.' }, actions: [{ label: 'Answer', run: () => void router.push({ name: 'run', params: { id: run.id } }) }], lastsMs: null })
      }
    },
    { immediate: true },
  )
}
