import type { Finding, Fix, MoveOptions } from '../../../contract/migration.ts'
import { isRelayed } from '../plan/relayed.ts'
import type { Check, PreflightContext, PreflightSide } from './check.ts'
import { isForced } from './encryption.ts'
import { about } from './finding.ts'

const { error } = about('agents')
/** The page size that the agents read and write, in bytes. */
const pageSize = 4096

/** What a stream that goes through the agents cannot carry: what it would not be able to read, and what would lie beside it. */
export const relay: Check = {
  subject: 'agents',
  async run(context) {
    const { domain, plan } = context
    if (!domain.isActive || !isRelayed(plan.options.technique)) return []
    return [...withoutAgents(context), ...options(plan.options), ...memory(context), ...devices(context), ...(await hosts(context))]
  },
}

function other(label: string, options: Partial<MoveOptions>): Fix {
  return { kind: 'option', label, options }
}

/** The technique that comes closest without agents. */
function plain(technique: MoveOptions['technique']): Fix {
  return technique === 'scatter' ? other('Use post-copy', { technique: 'postcopy' }) : other('Use pre-copy', { technique: 'precopy' })
}

/** Both ends need one: the pages go from agent to agent. */
function withoutAgents({ driver, plan, domain, source, destination, agentProbe }: PreflightContext): Finding[] {
  const { technique } = plan.options
  if (plan.options.driver === 'app') {
    return [error('relay-no-agent', `The memory of ${domain.name} goes through the agents, so this computer cannot drive the move.`, { fix: other('Let the agent drive', { driver: 'auto' }) })]
  }
  if (driver === 'app') {
    return [error('relay-no-agent', `This needs an agent on ${source.name} and on ${destination.name}, and there is not one on both.`, { next: 'The other finding says why; post-copy and pre-copy do without.', fix: plain(technique) })]
  }
  if (agentProbe !== 'filtered') return []
  return [error('agent-filtered', `The agent on ${source.name} gets no answer from ${destination.name} on the ports of agents.`, { next: `Open Drover's range of ports on ${destination.name} (it is in the settings).`, fix: plain(technique) })]
}

function options({ technique, tls, parallelConnections, compression, storage }: MoveOptions): Finding[] {
  const findings: Finding[] = []
  if (tls) findings.push(error('relay-tls', 'QEMU’s own TLS hides the pages from the agents; they encrypt the way between the hosts themselves.', { fix: other('Leave it to the agents', { tls: false }) }))
  if (parallelConnections !== null) findings.push(error('relay-multifd', 'Memory over several connections (multifd) is a stream that the agents do not read.', { fix: other('Use one connection', { parallelConnections: null }) }))
  if (compression !== 'none') findings.push(error('relay-compression', 'Compressed pages cannot be told apart or kept one by one.', { fix: other('Do not compress', { compression: 'none' }) }))
  if (storage !== 'none') findings.push(error('relay-storage', 'Disks to copy go from QEMU to QEMU, which the agents do not carry.', { next: 'Shared disks need no copy.', fix: plain(technique) }))
  return findings
}

/** The agents deliver 4 KiB pages; QEMU takes a huge page only whole. */
function memory({ domain, plan }: PreflightContext): Finding[] {
  const { live } = domain
  const fix = plain(plan.options.technique)
  const findings: Finding[] = []
  if (live.memoryBacking?.hasHugePages) findings.push(error('relay-huge-pages', `${domain.name} is on huge pages, which the agents do not carry yet.`, { fix }))
  if (live.devices.memories.some(({ model }) => model === 'virtio-mem')) findings.push(error('relay-virtio-mem', `${domain.name} has a virtio-mem device: its memory is described in a part of the stream that the agents do not read.`, { fix }))
  return findings
}

/** A device of the host that moves with the VM sends a stream of its own. */
function devices({ domain, plan }: PreflightContext): Finding[] {
  const [first] = domain.live.devices.hostDevices
  if (!first) return []
  return [error('relay-host-device', `${domain.name} has a device of its host (VFIO), whose state the agents cannot carry.`, { next: 'Detach it before the move.', fix: plain(plan.options.technique) })]
}

async function hosts({ source, destination, plan }: PreflightContext): Promise<Finding[]> {
  const told = await Promise.all(
    [source, destination].map(async (side) => {
      const [forced, size] = await Promise.all([side.facts.readFile('/etc/libvirt/qemu.conf'), hostPageSize(side)])
      const findings: Finding[] = []
      if (isForced(forced)) findings.push(error('relay-tls-forced', `${side.name} allows encrypted migrations only (migrate_tls_force), and QEMU’s own encryption hides the pages from the agents.`, { fix: plain(plan.options.technique) }))
      if (size !== null && size !== pageSize) findings.push(error('relay-page-size', `${side.name} has memory pages of ${size / 1024} KiB; the agents carry those of 4 KiB.`, { fix: plain(plan.options.technique) }))
      return findings
    }),
  )
  return told.flat()
}

async function hostPageSize({ facts }: PreflightSide): Promise<number | null> {
  const answer = await facts.exec(['getconf', 'PAGESIZE'])
  const size = Number(answer?.code === 0 ? answer.stdout.trim() : NaN)
  return Number.isInteger(size) && size > 0 ? size : null
}
