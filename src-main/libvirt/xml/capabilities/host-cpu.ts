import { readCpuTopology, readMaxPhysAddr } from '../domain/cpu.ts'
import { kibibytes, many, one, or, shape, text, whole, yes, type Read } from '../read.ts'

/** The host's own CPU, the `<cpu>` below `<host>`. https://libvirt.org/formatcaps.html */
export const readHostCpu = shape({
  architecture: or(text('arch'), ''),
  model: text('model'),
  vendor: text('vendor'),
  /** Hexadecimal in newer libvirt, decimal before: compare as text. */
  microcode: text('microcode/@version'),
  signature: one('signature', shape({ family: whole('@family'), model: whole('@model'), stepping: whole('@stepping') })),
  /** The time-stamp counter: a guest whose TSC has a fixed frequency needs the same one, or scaling. */
  tsc: one('counter', shape({ name: text('@name'), frequency: whole('@frequency'), canScale: yes('@scaling') })),
  topology: one('topology', readCpuTopology),
  maxPhysAddr: one('maxphysaddr', readMaxPhysAddr),
  /** Beyond those that the model has. */
  features: many('feature', text('@name')),
  /** Page sizes that the CPU has, in KiB. */
  pageSizes: many('pages', kibibytes('@size')),
})
export type HostCpu = Read<typeof readHostCpu>

/** A NUMA cell of the host, below `<topology>`. */
export const readHostCell = shape({
  id: or(whole('@id'), 0),
  /** KiB. */
  memory: or(kibibytes('memory'), 0),
  /** Pages set aside at this moment, per size in KiB: of the huge ones these are all that guests can have. */
  pages: many('pages', shape({ size: or(kibibytes('@size'), 0), count: or(whole('.'), 0) })),
  distances: many('distances/sibling', shape({ cell: or(whole('@id'), 0), value: or(whole('@value'), 0) })),
  cpus: many(
    'cpus/cpu',
    shape({
      id: or(whole('@id'), 0),
      socket: whole('@socket_id'),
      die: whole('@die_id'),
      core: whole('@core_id'),
      siblings: text('@siblings'),
    }),
  ),
  cpuCount: or(whole('cpus/@num'), 0),
})
export type HostCell = Read<typeof readHostCell>
