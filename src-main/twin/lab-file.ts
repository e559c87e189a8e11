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

/** With `count`, `{n}` in the name counts from 1 to it. */
const pattern = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]|\{n\})*$/, 'letters, digits, “-”, “.” and {n} only')
const most = 5000
const times = count.max(most).optional()

const host = z.strictObject({
  id: pattern,
  count: times,
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
  name: pattern,
  count: times,
  /** Of several, or with {n} in it for all that it fits: the VMs are dealt out in turn. */
  host: z.union([z.string(), z.array(z.string()).min(1)]),
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
  display: z.enum(['vnc', 'none']).optional(),
  snapshots: z.array(z.string().min(1)).optional(),
  talks: z.boolean().optional(),
})

const lab = z.strictObject({
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
 * Reads a lab's description out of parsed JSON, with what stands for many (`count`) made into each. Throws `twin-lab-invalid` with each place that is wrong and why
 * (`hosts[0].link.mbps: …`). That names lead somewhere is for `World.create` to find.
 */
export function readLab(content: unknown): LabDescription {
  const read = lab.safeParse(content)
  if (!read.success) {
    const { issues } = read.error
    const told = issues.slice(0, mostTold).map((issue) => `${placeOf(issue.path)}: ${wordsOf(issue, valueAt(content, issue.path))}`)
    throw invalid([...told, ...(issues.length > mostTold ? [`and ${issues.length - mostTold} more`] : [])].join('\n'))
  }
  const { hosts: writtenHosts, vms: writtenVms, ...rest } = read.data
  const hosts = writtenHosts.flatMap(({ count: wanted, ...each }, i) => many(each.id, wanted, `hosts[${i}].id`).map((id) => ({ ...each, id })))
  const ids = hosts.map(({ id }) => id)
  const vms = writtenVms.flatMap(({ count: wanted, host: where, ...each }, i) => {
    const homes = [where].flat().flatMap((one) => (one.includes('{n}') ? ids.filter((id) => fits(one, id)) : [one]))
    if (homes.length === 0) throw invalid(`vms[${i}].host: no host is called ${[where].flat().join(' or ')}`)
    return many(each.name, wanted, `vms[${i}].name`).map((vmName, k) => ({ ...each, name: vmName, host: homes[k % homes.length]! }))
  })
  return { ...rest, hosts, vms }
}

/** What is wrong, as one would tell somebody who writes the file. */
function wordsOf(issue: z.core.$ZodIssue, value: unknown): string {
  const listed = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).join(', ')
  switch (issue.code) {
    case 'unrecognized_keys':
      return `there is no ${listed(issue.keys)} here`
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${listed(issue.values)}`
    case 'invalid_union':
      return issue.discriminator === undefined ? 'must be a text, or a list of texts' : `is no ${issue.discriminator} that there is${'options' in issue && Array.isArray(issue.options) ? `: one of ${listed(issue.options)}` : ''}`
    case 'invalid_format':
      return issue.format === 'uuid' ? 'must be a UUID' : issue.message
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return issue.message.startsWith('Too') ? 'must not be empty' : issue.message
      return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`
    case 'too_big':
      return `must be at most ${issue.maximum}`
    case 'invalid_type':
      return value === undefined ? `is missing: ${typeWord(issue.expected)}` : `must be ${typeWord(issue.expected)}`
    default:
      return issue.message
  }
}

function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined), content)
}

function typeWord(expected: string): string {
  return ({ string: 'a text', number: 'a number', int: 'a whole number', array: 'a list', boolean: 'true or false', object: 'an object' } as Record<string, string>)[expected] ?? expected
}

function invalid(evidence: string): Failure {
  return new Failure('twin-lab-invalid', 'This is no description of a lab that Drover can read.', { evidence, next: 'Correct the file and open it again.' })
}

function many(text: string, wanted: number | undefined, place: string): string[] {
  if ((wanted ?? 1) > 1 !== text.includes('{n}')) throw invalid(`${place}: {n} in a name and a count of more than 1 belong together`)
  return Array.from({ length: wanted ?? 1 }, (_, i) => text.replaceAll('{n}', String(i + 1)))
}

function fits(text: string, id: string): boolean {
  const parts = text.split('{n}').map((part) => part.replace(/[.]/g, '[.]'))
  return new RegExp(`^${parts.join('[0-9]+')}$`).test(id)
}

function placeOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`), '') || 'the file'
}
