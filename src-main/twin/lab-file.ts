import { z } from 'zod'
import { Failure } from '../base/failure.ts'
import { usualCosts } from './costs.ts'
import type { HostCosts, LabDescription } from './lab.ts'

/** As it appears in addresses and as a hostname. */
const name = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'letters, digits, “-” and “.” only')
const positive = z.number().positive()
const count = z.number().int().positive()
const share = z.number().min(0).max(100)

const link = z.strictObject({ mbps: positive.max(1_000_000), latencyMs: z.number().min(0).max(10_000).optional(), lossPercent: z.number().min(0).max(50).optional() })

const costs = z.strictObject(Object.fromEntries(Object.keys(usualCosts).map((key) => [key, z.number().min(0).optional()]))) as unknown as z.ZodType<Partial<HostCosts>>

const pool = z.strictObject({ name: z.string().min(1), path: z.string().regex(/^\/./, 'an absolute path'), capacityGiB: positive, shared: z.string().min(1).optional() })

const host = z.strictObject({
  id: name,
  rack: name.optional(),
  cpus: count.max(1024),
  memoryMiB: count.min(1024),
  cpuModel: z.string().optional(),
  cpuMhz: count.optional(),
  libvirtVersion: z.string().regex(/^\d+\.\d+\.\d+$/, 'such as 9.0.0').optional(),
  qemuVersion: z.string().regex(/^\d+\.\d+\.\d+$/, 'such as 7.2.0').optional(),
  link,
  pools: z.array(pool).optional(),
  costs: costs.optional(),
})

const process = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['idle', 'web', 'database', 'compile', 'boot-storm']) }),
  z.strictObject({ kind: z.literal('fixed'), mibPerSecond: z.number().min(0), pattern: z.enum(['random', 'sweep']).optional() }),
])

const disk = z.strictObject({ pool: z.string(), sizeGiB: positive, usedGiB: z.number().min(0).optional(), format: z.enum(['raw', 'qcow2']).optional() })

const vm = z.strictObject({
  name,
  host: z.string(),
  uuid: z.uuid().optional(),
  title: z.string().optional(),
  tags: z.array(z.string()).optional(),
  memoryMiB: count,
  usedMiB: z.number().min(0).optional(),
  workingSetMiB: z.number().min(0).optional(),
  vcpus: count.max(288),
  process,
  cpuPercent: share.optional(),
  networkKiBps: z.number().min(0).optional(),
  diskKiBps: z.number().min(0).optional(),
  disks: z.array(disk).optional(),
  cpu: z.enum(['host-model', 'host-passthrough', 'qemu64']).optional(),
  state: z.enum(['running', 'paused', 'off']).optional(),
  autostart: z.boolean().optional(),
  persistent: z.boolean().optional(),
  talks: z.boolean().optional(),
})

const lab: z.ZodType<LabDescription> = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9-]+$/, 'letters, digits and “-” only'),
  title: z.string().min(1),
  description: z.string().optional(),
  seed: z.number().int().optional(),
  racks: z.array(z.strictObject({ id: name, uplink: link })).optional(),
  hosts: z.array(host).min(1, 'a lab needs a host'),
  vms: z.array(vm),
})

/** How many faults of a file are told at once. */
const mostTold = 5

/**
 * Reads a lab's description out of parsed JSON. Throws `twin-lab-invalid` with each place that is wrong and why (`hosts[0].link.mbps: …`).
 * That names lead somewhere is for `World.create` to find.
 */
export function readLab(content: unknown): LabDescription {
  const read = lab.safeParse(content)
  if (read.success) return read.data
  const { issues } = read.error
  const told = issues.slice(0, mostTold).map(({ path, message }) => `${placeOf(path)}: ${message}`)
  throw new Failure('twin-lab-invalid', 'This is no description of a lab that Drover can read.', {
    evidence: told.join('; ') + (issues.length > mostTold ? `; and ${issues.length - mostTold} more` : ''),
    next: 'Correct the file and open it again.',
  })
}

function placeOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`), '') || 'the file'
}
