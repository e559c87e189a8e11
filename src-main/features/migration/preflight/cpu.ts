import type { Finding } from '../../../contract/migration.ts'
import { isLibvirtError, isUnsupported } from '../../../libvirt/client/libvirt-error.ts'
import { compareCpuFlags, cpuCompareResultName } from '../../../libvirt/wire/constants/connect.ts'
import { comparableCpu } from '../../../libvirt/xml/domain/comparable-cpu.ts'
import type { Check, PreflightContext, PreflightSide } from './check.ts'
import { about, list } from './finding.ts'

const { error, warning, note } = about('cpu')

/** Whether the destination's hypervisor can show the guest the CPU that it sees now. */
export const cpu: Check = {
  subject: 'cpu',
  async run(context) {
    const { domain, destination } = context
    const compared = comparableCpu(domain.liveXml)
    const counted = await checkCount(context)
    switch (compared.kind) {
      case 'default':
        return counted
      case 'unexpanded':
        return [...counted, note('cpu-host-model', `${domain.name} takes its CPU from the host at each start, so it will be ${destination.name}’s.`)]
      case 'host':
        return [...counted, ...(domain.isActive ? compareHosts(context) : [])]
      case 'named':
        return [...counted, ...(await compareNamed(compared.xml, context))]
    }
  },
}

/** Asks the destination's libvirt, which knows what its QEMU can do. Refusing says what is missing. */
async function compareNamed(xmlCpu: string, { domain, destination, source, signal }: PreflightContext): Promise<Finding[]> {
  const { live } = domain
  const { connection } = destination.facts.session
  const args = {
    emulator: null,
    arch: live.boot.architecture ?? null,
    machine: live.boot.machine?.name ?? null,
    virttype: live.type,
    xmlCpu,
    flags: compareCpuFlags.failIncompatible,
  }
  const severity = live.cpu?.check === 'none' && !domain.isActive ? warning : error
  try {
    const { result } = await connection.call('connectCompareHypervisorCpu', args, { signal })
    if (cpuCompareResultName(result) !== 'incompatible') return []
    return [severity('cpu-incompatible', `${destination.name} cannot give ${domain.name} the CPU that it has.`, { next: await baselineAdvice(source, destination, signal) })]
  } catch (thrown) {
    if (isLibvirtError(thrown, 'VIR_ERR_CPU_INCOMPATIBLE')) {
      return [
        severity('cpu-incompatible', `${destination.name} cannot give ${domain.name} the CPU that it has.`, {
          evidence: thrown.text,
          next: await baselineAdvice(source, destination, signal),
        }),
      ]
    }
    if (isUnsupported(thrown) || isLibvirtError(thrown)) {
      return [note('cpu-not-compared', `${destination.name} cannot say whether it has the CPU of ${domain.name}; libvirt checks when the move begins.`, { evidence: thrown instanceof Error ? thrown.message : undefined })]
    }
    throw thrown
  }
}

/** A model that both hosts can give, for the VM's next start. */
async function baselineAdvice(source: PreflightSide, destination: PreflightSide, signal: AbortSignal): Promise<string> {
  const fallback = 'Give the VM a CPU model that both hosts have, and start it anew.'
  try {
    const cpus = await Promise.all(
      [source, destination].map(async ({ facts }) => {
        const { capabilities } = await facts.session.connection.call('connectGetCapabilities', undefined, { signal })
        return /<cpu>[\s\S]*?<\/cpu>/.exec(capabilities)?.[0] ?? ''
      }),
    )
    const { cpu: baseline } = await destination.facts.session.connection.call('connectBaselineCpu', { xmlCpus: cpus, flags: 0 }, { signal })
    const model = /<model[^>]*>([^<]+)<\/model>/.exec(baseline)?.[1]
    return model ? `Both hosts can give the model ${model}: set it in the definition and start the VM anew.` : fallback
  } catch {
    signal.throwIfAborted()
    return fallback
  }
}

/** A guest with host-passthrough sees the source's own CPU: every feature must be at the destination. */
function compareHosts({ domain, source, destination }: PreflightContext): Finding[] {
  const [here, there] = [source, destination].map(({ facts }) => facts.session.capabilities.host.cpu)
  if (!here || !there) return [warning('cpu-passthrough', `${domain.name} sees the host’s own CPU, and what ${destination.name} has is not known.`)]
  const missing = here.features.flatMap((name) => (name && !there.features.includes(name) ? [name] : []))
  const said = `${source.name}: ${here.model ?? 'unknown'}, ${destination.name}: ${there.model ?? 'unknown'}`
  if (here.vendor !== there.vendor) return [error('cpu-passthrough-differs', `${domain.name} sees the host’s own CPU, and ${destination.name} has one of another vendor.`, { evidence: said })]
  if (here.model === there.model && missing.length === 0) {
    if (here.microcode === there.microcode) return []
    return [note('cpu-microcode-differs', `The hosts’ CPUs have different microcode; ${domain.name} sees the host’s own CPU.`, { evidence: `${here.microcode} and ${there.microcode}` })]
  }
  if (missing.length === 0 && here.model !== undefined) {
    return [warning('cpu-passthrough-differs', `${domain.name} sees the host’s own CPU, and ${destination.name} has another model.`, { evidence: said, next: 'It will probably run on; a restart there shows it the other CPU.' })]
  }
  return [
    error('cpu-passthrough-differs', `${domain.name} sees the host’s own CPU, and ${destination.name} lacks ${missing.length > 0 ? list(missing.slice(0, 8)) : 'it'}.`, {
      evidence: said,
      next: 'Move it while it is off, or give it a named CPU model that both hosts have.',
    }),
  ]
}

async function checkCount({ domain, destination }: PreflightContext): Promise<Finding[]> {
  const { count, current } = domain.live.vcpus
  const most = (await destination.domainCapabilities())?.maxVcpus
  const { cpus } = destination.facts.session.facts
  if (most !== undefined && count > most) return [error('cpu-count', `${domain.name} has ${count} vCPUs; ${destination.name} allows ${most} for its machine type.`)]
  if ((current ?? count) > cpus) return [warning('cpu-overcommit', `${domain.name} has ${current ?? count} vCPUs, ${destination.name} ${cpus} CPUs.`, { next: 'It will run, slower than before.' })]
  return []
}
