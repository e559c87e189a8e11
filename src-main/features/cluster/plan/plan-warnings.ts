import type { PlanHost, PlanRequest, PlanRow } from '../../../contract/plan.ts'
import type { Problem } from '../../../contract/problem.ts'
import type { Model } from '../placement/model.ts'
import { list } from '../../migration/preflight/finding.ts'

/** Names that one sentence carries. */
const mostNames = 5

/** What the reader of a plan should know before it is carried out. */
export function warningsOf({ request, model, rows, hosts }: { readonly request: PlanRequest; readonly model: Model; readonly rows: readonly PlanRow[]; readonly hosts: readonly PlanHost[] }): Problem[] {
  const warnings: Problem[] = []
  const say = (code: string, message: string, next?: string) => void warnings.push({ code, message, ...(next === undefined ? {} : { next }) })
  if (request.kind === 'evacuate') {
    const emptied = hosts.find(({ host }) => host === request.host)
    const left = rows.filter(({ how }) => how === 'stay')
    if (emptied && emptied.after.vms > 0) {
      const beside = emptied.after.vms - left.length
      say('not-emptied', `${emptied.name} will not be empty: ${left.length > 0 ? `${names(left)} ${left.length === 1 ? 'stays' : 'stay'}` : ''}${left.length > 0 && beside > 0 ? ', and ' : ''}${beside > 0 ? `${beside} more ${beside === 1 ? 'is' : 'are'} not in this plan` : ''}.`)
    }
  }
  const takers = new Set(rows.flatMap(({ how, destination }) => (how === 'stay' || destination === null ? [] : [destination])))
  for (const { host, name, memoryKiB, cpus, after, isOver90 } of hosts) {
    if (!isOver90 || !takers.has(host)) continue
    const shares = [`${Math.round((after.memoryKiB / Math.max(1, memoryKiB)) * 100)} % of its memory`, `${Math.round((after.cpu / Math.max(1, cpus)) * 100)} % of its CPU`]
    say('host-crowded', `${name} will be above 90 %: ${shares.join(', ')}.`)
  }
  const endless = rows.filter(({ how, forecast }) => how === 'live' && forecast?.converges === 'no')
  if (endless.length > 0) say('not-converging', `${names(endless)} ${endless.length === 1 ? 'writes' : 'write'} memory faster than it can be sent.`, 'Let QEMU slow the guest down (auto-converge), or take hybrid.')
  const inMaintenance = request.kind === 'return' || request.kind === 'undo' ? model.hosts.filter(({ id, isInMaintenance }) => isInMaintenance && takers.has(id)) : []
  for (const { name } of inMaintenance) {
    if (request.kind === 'return') say('host-in-maintenance', `${name} is still in maintenance; that ends when VMs begin to come back.`)
    else say('host-in-maintenance', `${name} is still in maintenance.`, 'End its maintenance when it is ready to take VMs.')
  }
  return warnings
}

function names(rows: readonly PlanRow[]): string {
  const shown = rows.slice(0, mostNames).map(({ name }) => name)
  return list(rows.length > mostNames ? [...shown, `${rows.length - mostNames} more`] : shown)
}
