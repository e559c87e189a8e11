import type { ObstacleChoice, Plan, PlanHow, PlanRequest, PlanRow } from '../../../../src-main/contract/plan.ts'
import { formatCount } from '../../../ui/format.ts'
import { techniqueName } from '../../migration/technique-words.ts'

export function isPlanKind(text: string): text is PlanRequest['kind'] {
  return text === 'evacuate' || text === 'return' || text === 'balance' || text === 'undo'
}

/** What a plan is for, as the title of its page; `host` is the shown name of its host. */
export function planTitle(kind: PlanRequest['kind'], host: string): string {
  switch (kind) {
    case 'evacuate':
      return `Evacuate ${host}`
    case 'return':
      return `Bring VMs back to ${host}`
    case 'balance':
      return 'Balance the load'
    case 'undo':
      return 'Undo a move'
  }
}

const hows: Record<PlanHow, string> = {
  live: 'Live',
  offline: techniqueName('offline'),
  'save-and-move': 'Save, move, restore',
  'shut-down-and-start': 'Shut down, move, start',
  stay: 'Stays',
}

/** How a row is carried out, where the technique does not say it already. */
export function howWord(how: PlanHow): string {
  return hows[how]
}

const choices: Record<ObstacleChoice, string> = {
  'copy-storage': 'Copy its disks along',
  'save-and-move': 'Save it and move it cold',
  'shut-down-and-start': 'Shut down in the guest, start there',
  leave: 'Leave it where it is',
}

export function choiceWord(choice: ObstacleChoice): string {
  return choices[choice]
}

export function moves(row: PlanRow): boolean {
  return row.decision === 'move' && row.how !== 'stay' && row.destination !== null
}

/** Shape and word for what is known of a row. */
export function rowVerdict(row: PlanRow): { readonly glyph: string; readonly word: string } {
  if (row.decision === 'skip') return { glyph: 'off', word: 'Skipped' }
  if (row.decision === 'pin') return { glyph: 'off', word: 'Kept where it is' }
  if (row.verdict === 'blocked' && !moves(row)) return { glyph: 'blocked', word: 'Cannot move' }
  if (!moves(row)) return { glyph: 'off', word: 'Stays' }
  if (!row.isChecked) return { glyph: 'queued', word: 'Not checked yet' }
  return row.verdict === 'fits' ? { glyph: 'fits', word: 'Fits' } : row.verdict === 'warns' ? { glyph: 'warns', word: 'Fits, with warnings' } : { glyph: 'blocked', word: 'Blocked' }
}

/** What becomes of the host, or how much moves, in one sentence. */
export function planOutcome(plan: Plan, host: string): string {
  const moving = plan.rows.filter(moves).length
  const staying = plan.rows.length - moving
  switch (plan.request.kind) {
    case 'evacuate':
      if (plan.empties) return `${host} will be empty`
      return staying === 0 ? `${host} may keep something` : `${formatCount(staying, 'VM stays', 'VMs stay')}: ${host} will not be empty`
    case 'return':
      return staying === 0 ? 'all of them come back' : `${formatCount(staying, 'VM does', 'VMs do')} not come back`
    default:
      return staying === 0 ? '' : `${formatCount(staying, 'VM stays', 'VMs stay')} where ${staying === 1 ? 'it is' : 'they are'}`
  }
}
