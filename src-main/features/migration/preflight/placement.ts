import type { Finding } from '../../../contract/migration.ts'
import { formatCpuSet, parseCpuSet } from '../../../libvirt/xml/cpu-set.ts'
import type { Check } from './check.ts'
import { about } from './finding.ts'

const { error } = about('placement')

/** Pinning names the CPUs and NUMA nodes of one host; at another they may not be there. */
export const placement: Check = {
  subject: 'placement',
  run({ domain, destination }) {
    if (!domain.isActive) return []
    const { cells } = destination.facts.session.capabilities.host
    if (cells.length === 0) return []
    const cpus = new Set(cells.flatMap((cell) => cell.cpus.map(({ id }) => id)))
    const nodes = new Set(cells.map(({ id }) => id))
    const { live } = domain
    const sets = [live.vcpus.cpuset, live.cpuTuning?.emulatorPin, ...(live.cpuTuning?.vcpuPins ?? []).map(({ cpuset }) => cpuset)]
    const findings: Finding[] = []
    const missingCpus = missing(sets, cpus)
    if (missingCpus.length > 0) {
      findings.push(
        error('cpu-pin-missing', `${domain.name} is pinned to CPUs that ${destination.name} does not have.`, {
          evidence: `CPUs ${formatCpuSet(missingCpus)}`,
          next: 'Loosen the pinning first (virsh vcpupin, emulatorpin).',
        }),
      )
    }
    if (live.numaTuning?.mode === 'strict') {
      const missingNodes = missing([live.numaTuning.nodeset, ...live.numaTuning.cells.map(({ nodeset }) => nodeset)], nodes)
      if (missingNodes.length > 0) {
        findings.push(error('numa-node-missing', `${domain.name} is bound to NUMA nodes that ${destination.name} does not have.`, { evidence: `nodes ${formatCpuSet(missingNodes)}` }))
      }
    }
    return findings
  },
}

function missing(sets: readonly (string | undefined)[], there: ReadonlySet<number>): number[] {
  return [...new Set(sets.flatMap((set) => (set ? (parseCpuSet(set) ?? []) : [])))].filter((number) => !there.has(number))
}
