import type { Emptiness, Run, RunRow } from '../../../contract/run.ts'

/** Whether everything that was planned came about. */
export function isComplete({ rows, bringsBack }: Run): boolean {
  const planned = rows.filter(({ how }) => how !== 'stay')
  return !bringsBack && planned.length > 0 && planned.every(({ state }) => state.state === 'moved')
}

/** The truth about a run that has ended, in a sentence or two. Nothing is called evacuated before the host itself has said that it has no VM. */
export function verdictOf(run: Run, emptiness: Emptiness | null, isCancelled: boolean): string {
  const planned = run.rows.filter(({ how }) => how !== 'stay')
  const count = (state: string) => planned.filter((row) => row.state.state === state).length
  const [moved, failed, returned] = [count('moved'), count('failed'), count('returned')]
  const host = run.hostName ?? 'the host'
  const parts: string[] = []
  if (run.bringsBack) parts.push(`Cancelled: ${vms(returned)} brought back${elsewhereOf(planned, emptiness)}.`)
  else if (isCancelled) parts.push(`Stopped: ${vms(moved)} moved, and ${moved === 1 ? 'stays' : 'stay'} where ${moved === 1 ? 'it is' : 'they are'} now.`)
  else if (run.request.kind !== 'evacuate') parts.push(moved === planned.length ? `${vms(moved)} moved.` : `${moved} of ${vms(planned.length)} moved.`)
  if (failed > 0 && !run.bringsBack) parts.push(`${vms(failed)} could not be moved.`)
  if (emptiness) {
    if (emptiness.isEmpty === null) parts.push(`${host} could not be asked whether it is empty.`)
    else if (emptiness.isEmpty) parts.push(`${isCancelled ? '' : 'Evacuated: '}${host} was asked and has no VM left.`)
    else parts.push(`${host} still has ${vms(emptiness.left.length)}: ${namesOf(emptiness.left)}.`)
  }
  return parts.join(' ')
}

/** A row that failed may be at either end: the host's own answer decides where it gave one. */
function elsewhereOf(planned: readonly RunRow[], emptiness: Emptiness | null): string {
  const away = planned.filter(({ name, state }) => (state.state === 'moved' || state.state === 'failed') && !emptiness?.left.includes(name))
  if (away.length === 0) return ''
  const isKnown = emptiness !== null && emptiness.isEmpty !== null
  return `, ${vms(away.length)} ${isKnown ? (away.length === 1 ? 'is' : 'are') : 'may be'} elsewhere: ${namesOf(away.map(({ name }) => name))}`
}

function vms(count: number): string {
  return count === 1 ? '1 VM' : `${count} VMs`
}

function namesOf(names: readonly string[]): string {
  return names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')} and ${names.length - 8} more`
}
