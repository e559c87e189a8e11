import { planRequest } from '../../../contract/plan.ts'
import type { Run, RunRow, RunRowState } from '../../../contract/run.ts'

const GiB = 1024 * 1024

export function rowWith(name: string, state: RunRowState, more: Partial<RunRow> = {}): RunRow {
  return {
    vm: { host: 'a', uuid: `uuid-${name}` },
    name,
    destination: 'b',
    how: 'live',
    options: null,
    priority: 'normal',
    why: '',
    state,
    sourceName: 'alpha',
    destinationName: 'beta',
    memoryKiB: GiB,
    vcpus: 1,
    startedAt: null,
    endedAt: null,
    progress: null,
    throughput: null,
    ...more,
  }
}

export function runWith(rows: RunRow[], more: Partial<Run> = {}): Run {
  return {
    id: 'run-00000001',
    request: planRequest.parse({ kind: 'evacuate', host: 'a' }),
    hostName: 'alpha',
    reason: '',
    who: 'ada',
    isMaintenance: false,
    bringsBack: false,
    createdAt: 0,
    endedAt: null,
    state: { state: 'running' },
    perHost: 2,
    perLink: 2,
    bandwidthMiBps: null,
    rows,
    forecastSeconds: null,
    eta: null,
    ...more,
  }
}
