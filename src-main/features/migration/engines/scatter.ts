import type { Finding } from '../../../contract/migration.ts'
import { forecastScatter } from '../forecast/scatter-model.ts'
import { about, amount, list } from '../preflight/finding.ts'
import type { Assembled, Engine } from './engine.ts'
import { liveEngine } from './live-engine.ts'
import { switchingFindings } from './postcopy.ts'

const { error, warning } = about('depots')
const usePostcopy = { kind: 'option', label: 'Use post-copy', options: { technique: 'postcopy' } } as const

/** Post-copy at once; the source is drained at its own speed into depots on other hosts, from which the destination gathers at its own. */
export const scatter: Engine = {
  ...liveEngine('scatter', (move) => [...switchingFindings(move), ...depotFindings(move)]),
  forecast: (move, inputs) =>
    forecastScatter(move.plan.options, inputs, {
      source: move.source.name,
      destination: move.destination.name,
      outMbps: move.route?.mbps ?? null,
      inMbps: move.inMbps,
      depots: move.depots.chosen,
      replicas: move.plan.options.replicas,
    }),
}

/** Whether other hosts have room for what is on its way, and what their loss would mean. */
export function depotFindings({ plan, domain, depots, source, destination }: Pick<Assembled, 'plan' | 'domain' | 'depots' | 'source' | 'destination'>): Finding[] {
  const { replicas } = plan.options
  const { chosen, passedOver } = depots
  const evidence = passedOver.map(({ name, why }) => `${name} ${why}`).join('; ')
  if (plan.options.depots?.length === 0) {
    return [error('depots-none', `No host is chosen to hold pages of ${domain.name}.`, { next: 'Choose some, or let Drover choose.', fix: { kind: 'option', label: 'Let Drover choose', options: { depots: null } } })]
  }
  if (chosen.length === 0) {
    return [error('depots-none', `No host beside ${source.name} and ${destination.name} can hold pages of ${domain.name}.`, { evidence, next: 'It takes a third connected host with an agent and memory to spare.', fix: usePostcopy })]
  }
  if (chosen.length < replicas) {
    return [
      error('depots-few', `Every page is to be on ${replicas} depots, and only ${list(chosen.map(({ name }) => name))} can be ${chosen.length === 1 ? 'one' : 'some'}.`, {
        evidence,
        next: chosen.length === 1 ? 'With one replica the loss of that host before the end loses the VM.' : 'One replica less is a little less safe.',
        fix: { kind: 'option', label: chosen.length === 1 ? 'Keep one replica' : `Keep ${chosen.length} replicas`, options: { replicas: chosen.length } },
      }),
    ]
  }
  const findings: Finding[] = []
  const missed = passedOver.filter(({ host }) => plan.options.depots?.includes(host))
  if (missed.length > 0) {
    findings.push(
      warning('depots-away', `${list(missed.map(({ name }) => name))} ${missed.length === 1 ? 'was' : 'were'} chosen and cannot hold pages now.`, {
        evidence: missed.map(({ name, why }) => `${name} ${why}`).join('; '),
        next: `It goes on with ${list(chosen.map(({ name }) => name))} unless that changes.`,
      }),
    )
  }
  const room = chosen.reduce((sum, { capacityMiB }) => sum + capacityMiB, 0) * 1024
  const needed = domain.live.memory.size * replicas
  if (room < needed) {
    findings.push(
      warning('depots-short', `The depots have room for ${amount(room)}, and ${replicas === 1 ? '' : `${replicas} replicas of `}${domain.name} may need ${amount(needed)}.`, {
        evidence: chosen.map(({ name, capacityMiB }) => `${name}: ${amount(capacityMiB * 1024)}`).join(', '),
        next: `When they are full, ${source.name} is held up until ${destination.name} has taken some.`,
      }),
    )
  }
  if (replicas === 1) {
    findings.push(
      warning('depots-one-replica', `Each page is on one depot only: if ${list(chosen.map(({ name }) => name))} ${chosen.length === 1 ? 'fails' : '– any of them – fails'} before the end, ${domain.name} is lost.`, {
        fix: chosen.length > 1 ? { kind: 'option', label: 'Keep two replicas', options: { replicas: 2 } } : usePostcopy,
      }),
    )
  }
  return findings
}
