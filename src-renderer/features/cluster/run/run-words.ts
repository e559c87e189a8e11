import type { Run, RunRow } from '../../../../src-main/contract/run.ts'
import { formatCount, formatDuration, formatSecondsRange } from '../../../ui/format.ts'

/** What a run is about, as the title of its page. */
export function runTitle(run: Run): string {
  switch (run.request.kind) {
    case 'evacuate':
      return `Evacuation of ${run.hostName ?? ''}`
    case 'return':
      return `Return to ${run.hostName ?? ''}`
    case 'balance':
      return 'Balance'
    case 'undo':
      return 'Undo of a move'
  }
}

/** What a run is doing or how it ended, in a few words. */
export function runWord(run: Run): string {
  switch (run.state.state) {
    case 'running':
      return 'Running'
    case 'paused':
      return 'Paused'
    case 'awaiting-word':
      return 'Waits for your word'
    case 'stopping':
      return 'Stopping'
    case 'returning':
      return 'Bringing back'
    case 'done':
      return run.state.isCancelled ? 'Cancelled' : hasSucceeded(run) ? 'Done' : 'Done in part'
  }
}

/** Whether all came about, and a host that was to be emptied says so itself. */
export function hasSucceeded(run: Run): boolean {
  return run.state.state === 'done' && run.state.isComplete && (run.state.emptiness === null || run.state.emptiness.isEmpty === true)
}

export function runGlyph(run: Run): string {
  switch (run.state.state) {
    case 'running':
    case 'returning':
      return 'moving'
    case 'paused':
      return 'paused'
    case 'awaiting-word':
      return 'asking'
    case 'stopping':
      return 'stopping'
    case 'done':
      return hasSucceeded(run) ? 'fits' : run.state.isCancelled ? 'off' : 'warns'
  }
}

const words: Record<RunRow['state']['state'], { readonly word: string; readonly glyph: string }> = {
  waiting: { word: 'Waits', glyph: 'queued' },
  checking: { word: 'Checking', glyph: 'connecting' },
  stopping: { word: 'Stopping', glyph: 'stopping' },
  moving: { word: 'Moving', glyph: 'moving' },
  starting: { word: 'Starting', glyph: 'incoming' },
  moved: { word: 'Moved', glyph: 'fits' },
  failed: { word: 'Failed', glyph: 'failed' },
  skipped: { word: 'Skipped', glyph: 'off' },
  stays: { word: 'Stays', glyph: 'off' },
  returned: { word: 'Brought back', glyph: 'fits' },
}

/** A row's state as word and shape. */
export function rowWord(row: RunRow): { readonly word: string; readonly glyph: string } {
  if (row.state.state === 'stopping') return { ...words.stopping, word: row.state.how === 'save' ? 'Being saved' : 'Shutting down' }
  return words[row.state.state]
}

/** What is to be known of a row beside its state; empty when nothing is. */
export function rowDetail(row: RunRow): string {
  const { state } = row
  switch (state.state) {
    case 'waiting':
    case 'skipped':
    case 'stays':
      return state.reason
    case 'moved':
      return `${formatDuration(state.seconds * 1000)}${state.downtimeMs === null ? '' : `, stood still ${formatDuration(state.downtimeMs)}`}`
    case 'failed':
      return [state.problem.message, state.whereabouts?.verdict].filter(Boolean).join(' ')
    default:
      return ''
  }
}

/** True while the row has its turn. */
export function isBusy(row: RunRow): boolean {
  return ['checking', 'stopping', 'moving', 'starting'].includes(row.state.state)
}

export interface RunCounts {
  readonly moved: number
  readonly busy: number
  readonly waiting: number
  readonly failed: number
  /** All that were to move. */
  readonly all: number
}

export function countRows(run: Run): RunCounts {
  const of = (...states: RunRow['state']['state'][]) => run.rows.filter((row) => states.includes(row.state.state)).length
  return { moved: of('moved'), busy: run.rows.filter(isBusy).length, waiting: of('waiting'), failed: of('failed'), all: run.rows.length - of('stays') }
}

/** The share of a run that is done, 0 to 1, by memory: large VMs take longer. */
export function runProgress(run: Run): number {
  const rows = run.rows.filter((row) => row.state.state !== 'stays' && row.state.state !== 'skipped')
  const all = rows.reduce((sum, row) => sum + row.memoryKiB, 0)
  if (all === 0) return run.state.state === 'done' ? 1 : 0
  const done = rows.reduce((sum, row) => sum + row.memoryKiB * (row.state.state === 'moved' || row.state.state === 'returned' ? 1 : row.state.state === 'moving' ? (row.progress ?? 0) : 0), 0)
  return done / all
}

/** How far a run is, or how long it took against what was forecast. */
export function runNote(run: Run): string {
  const counts = countRows(run)
  const told = [`${counts.moved} of ${formatCount(counts.all, 'VM')} moved`, counts.failed > 0 && `${counts.failed} failed`]
  if (run.state.state === 'done') {
    const took = run.endedAt === null ? '' : `took ${formatDuration(run.endedAt - run.createdAt)}`
    return [...told, took && run.forecastSeconds ? `${took}, forecast ${formatSecondsRange(run.forecastSeconds)}` : took].filter(Boolean).join(' · ')
  }
  return [...told, run.eta && run.state.state === 'running' && `${formatSecondsRange(run.eta)} left`].filter(Boolean).join(' · ')
}
