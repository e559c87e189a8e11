import { shallowRef } from 'vue'
import type { Run, RunRow } from '../../../../src-main/contract/run.ts'
import { connectBackend } from '../../../backend.ts'
import { announce } from '../../../ui/live-region.ts'
import { orNotify } from '../../settings/problem-of.ts'
import { runTitle } from './run-words.ts'

/** The run whose cancelling is being asked about; RunCancelDialog.vue is mounted once by the frame. */
export const cancelRequest = shallowRef<Run | null>(null)

async function tell(title: string, said: string, act: () => Promise<unknown>): Promise<void> {
  if (await orNotify(title, async () => (await act(), true))) announce(said)
}

export async function pauseRun(run: Run): Promise<void> {
  await tell(`Pause: ${runTitle(run)}`, 'Paused. Nothing new begins; moves under way go on.', () => connectBackend().client.cluster.pause({ run: run.id }))
}

export async function resumeRun(run: Run): Promise<void> {
  await tell(`Go on: ${runTitle(run)}`, 'It goes on.', () => connectBackend().client.cluster.resume({ run: run.id }))
}

export async function skipRow(run: Run, row: RunRow): Promise<void> {
  await tell(`Skip ${row.name}`, `${row.name} is left out.`, () => connectBackend().client.cluster.skip({ run: run.id, vm: row.vm.uuid }))
}

/** To another host where one is given. */
export async function retryRow(run: Run, row: RunRow, destination?: string): Promise<void> {
  await tell(`Try ${row.name} again`, `${row.name} gets another turn.`, () => connectBackend().client.cluster.retry({ run: run.id, vm: row.vm.uuid, ...(destination !== undefined && { destination }) }))
}
