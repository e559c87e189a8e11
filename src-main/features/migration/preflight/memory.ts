import type { Finding } from '../../../contract/migration.ts'
import type { Check, PreflightContext } from './check.ts'
import { about, amount, list } from './finding.ts'

const { error, warning } = about('memory')

/** Whether the VM's memory finds room: ordinary pages, huge pages of each size, memory devices with files. */
export const memory: Check = {
  subject: 'memory',
  async run(context) {
    if (!context.domain.isActive) return []
    const { memoryBacking } = context.domain.live
    const room = memoryBacking?.hasHugePages ? await checkHugePages(context) : await checkOrdinary(context)
    return [...room, ...(await checkDevices(context))]
  },
}

async function checkOrdinary({ domain, destination }: PreflightContext): Promise<Finding[]> {
  const needed = domain.live.memory.current ?? domain.live.memory.size
  const { total, free, available } = await destination.facts.memory()
  if (needed > total) return [error('memory-too-small', `${domain.name} needs ${amount(needed)} of memory; ${destination.name} has ${amount(total)} in all.`)]
  const usable = available ?? free
  if (needed <= usable) return []
  return [
    warning('memory-short', `${destination.name} has ${amount(usable)} of memory left, ${domain.name} may need ${amount(needed)}.`, {
      next: 'It may swap, or end a VM when memory runs out. Move or shut down something there first.',
    }),
  ]
}

async function checkHugePages({ domain, destination }: PreflightContext): Promise<Finding[]> {
  const { live } = domain
  const free = await destination.facts.freePages()
  const sizes = [...new Set(live.memoryBacking?.hugePages.flatMap(({ size }) => size ?? []) ?? [])]
  // Without a size libvirt takes the host's default one, which is the smallest of the huge ones almost everywhere.
  const smallest = Math.min(...free.filter(({ size }) => size > 64).map(({ size }) => size))
  const wanted = sizes.length > 0 ? sizes : Number.isFinite(smallest) ? [smallest] : [2048]
  const there = free.filter(({ size }) => wanted.includes(size))
  const room = there.reduce((sum, page) => sum + page.size * page.free, 0)
  if (room >= live.memory.size) return []
  const kinds = list(wanted.map((size) => amount(size)))
  return [
    error('huge-pages-short', `${destination.name} has ${amount(room)} free in huge pages of ${kinds}; ${domain.name} needs ${amount(live.memory.size)}.`, {
      evidence: there.map(({ cell, size, free: count }) => `node ${cell}: ${count} × ${amount(size)}`).join(', '),
      next: `Reserve more on ${destination.name}, such as: echo ${Math.ceil(live.memory.size / (wanted[0] ?? 2048))} > /sys/kernel/mm/hugepages/hugepages-${wanted[0]}kB/nr_hugepages`,
    }),
  ]
}

async function checkDevices({ domain, destination }: PreflightContext): Promise<Finding[]> {
  const findings: Finding[] = []
  const { memories } = domain.live.devices
  for (const device of memories) {
    if (device.path && (device.model === 'nvdimm' || device.model === 'virtio-pmem')) {
      const seen = await destination.facts.exec(['test', '-e', device.path])
      if (seen?.code !== 0) findings.push(error('memory-device-file', `${destination.name} does not have the file of a memory device.`, { evidence: device.path }))
    }
    if (device.model === 'sgx-epc') findings.push(error('memory-sgx', `${domain.name} has SGX memory, which cannot leave its host.`))
  }
  const devices = await destination.domainCapabilities()
  const kinds = new Set(memories.map(({ model }) => model))
  const known = devices?.memoryBacking
  if (kinds.has('virtio-mem') && known && compareOld(destination.facts.session.facts.hypervisorVersion)) {
    findings.push(error('memory-virtio-mem', `QEMU on ${destination.name} is too old for the virtio-mem device of ${domain.name}.`))
  }
  return findings
}

/** virtio-mem came with QEMU 5.1. */
function compareOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < 5 || (major === 5 && minor < 1)
}
