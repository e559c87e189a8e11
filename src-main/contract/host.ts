import { oc } from '@orpc/contract'
import { z } from 'zod'
import { problem, problems } from './problem.ts'

export const hostId = z.string().min(1)

/** A host that is being kept free of VMs. `entering` until it was asked and has none. `since` in milliseconds since the epoch. */
export const maintenance = z.object({ state: z.enum(['entering', 'in']), reason: z.string(), who: z.string(), since: z.number() })
export type Maintenance = z.infer<typeof maintenance>

/** A host as the user keeps it. */
export const hostRecord = z.object({
  id: hostId,
  /** `ssh://user@host:port`, an alias of ssh_config as `ssh://alias`, or `unix:///path`. */
  address: z.string(),
  /** Shown name; the host's own hostname until the user gives one. */
  label: z.string().nullable(),
  group: z.string().nullable(),
  tags: z.array(z.string()),
  /** Address that other hosts use for migrations to this one; null means found by Drover. */
  migrationAddress: z.string().nullable(),
  /** Set by `cluster.enterMaintenance` and by an evacuation; placement, balance and verdicts leave such a host alone. */
  maintenance: maintenance.nullable().default(null),
  /** Who had the machine shut down from here, and when; null again once it is reached. */
  shutDown: z.object({ at: z.number(), who: z.string() }).nullable().default(null),
})
export type HostRecord = z.infer<typeof hostRecord>

/** A question that a connection waits for. */
export const prompt = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('host-key'), id: z.string(), host: z.string(), port: z.number(), keyType: z.string(), fingerprint: z.string(), remarks: z.array(z.string()) }),
  z.object({ kind: z.literal('passphrase'), id: z.string(), key: z.string(), isRetry: z.boolean() }),
  z.object({ kind: z.literal('password'), id: z.string(), user: z.string(), host: z.string(), isRetry: z.boolean() }),
  z.object({
    kind: z.literal('challenge'),
    id: z.string(),
    host: z.string(),
    name: z.string(),
    instructions: z.string(),
    questions: z.array(z.object({ text: z.string(), isEchoed: z.boolean() })),
  }),
  z.object({ kind: z.literal('sudo'), id: z.string(), user: z.string(), host: z.string(), isRetry: z.boolean() }),
  z.object({ kind: z.literal('command'), id: z.string(), host: z.string(), line: z.string(), source: z.string(), command: z.string() }),
])
export type Prompt = z.infer<typeof prompt>

export const promptAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('refuse') }),
  /** For host keys and commands; `remember` writes known_hosts or the settings. */
  z.object({ kind: z.literal('accept'), remember: z.boolean() }),
  /** For passphrases, passwords, sudo (one text) and challenges (one per question). */
  z.object({ kind: z.literal('text'), texts: z.array(z.string()), remember: z.boolean() }),
])
export type PromptAnswer = z.infer<typeof promptAnswer>

/** Times are milliseconds since the epoch. */
export const hostConnection = z.discriminatedUnion('state', [
  z.object({ state: z.literal('connecting'), step: z.string(), since: z.number() }),
  z.object({ state: z.literal('asking'), prompt, since: z.number() }),
  z.object({ state: z.literal('online'), since: z.number(), route: z.string(), isWritable: z.boolean() }),
  /** Lost or never reached; tried again at `retryAt`, or only by hand when null. `seenAt` dates the data that is still shown. */
  z.object({ state: z.literal('offline'), since: z.number(), problem, retryAt: z.number().nullable(), seenAt: z.number().nullable() }),
])
export type HostConnection = z.infer<typeof hostConnection>

/** Whether the host is away because it was shut down from here: no failure. */
export function isShutDown(connection: HostConnection): boolean {
  return connection.state === 'offline' && connection.problem.code === 'host-shut-down'
}

/** What a host is; read once per connection, and again when asked. Memory in KiB. */
export const hostFacts = z.object({
  hostname: z.string(),
  hostUuid: z.string().nullable(),
  arch: z.string(),
  cpuModel: z.string(),
  cpuVendor: z.string().nullable(),
  cpus: z.number().int(),
  cpuMhz: z.number().int(),
  memoryKiB: z.number(),
  libvirtVersion: z.string(),
  hypervisor: z.string(),
  hypervisorVersion: z.string(),
  /** Addresses found for migrations to this host, best first. */
  migrationAddresses: z.array(z.string()),
})
export type HostFacts = z.infer<typeof hostFacts>

/** A host as the inventory shows it. `n` is its number in the columns of samples. */
export const hostView = z.object({
  n: z.number().int(),
  record: hostRecord,
  name: z.string(),
  connection: hostConnection,
  facts: hostFacts.nullable(),
  /** What a limited user cannot see or do there, in words; empty when nothing is missing. */
  missing: z.array(z.string()),
})
export type HostView = z.infer<typeof hostView>

/** An entry of ssh_config that could be connected. */
export const hostCandidate = z.object({ alias: z.string(), hostname: z.string(), user: z.string().nullable(), port: z.number().nullable(), source: z.string() })
export type HostCandidate = z.infer<typeof hostCandidate>

export const hostDetails = z.object({
  cpu: z.array(z.tuple([z.string(), z.string()])),
  memory: z.array(z.tuple([z.string(), z.string()])),
  network: z.array(z.object({ name: z.string(), kind: z.string(), state: z.string(), detail: z.string() })),
  pools: z.array(
    z.object({ name: z.string(), kind: z.string(), path: z.string().nullable(), capacityBytes: z.number(), allocationBytes: z.number(), isActive: z.boolean() }),
  ),
  machineTypes: z.array(z.string()),
  capabilitiesXml: z.string(),
  /** Drover's agent on the host: not there, uploaded, or running, with its version. */
  agent: z.object({ state: z.enum(['absent', 'uploaded', 'running', 'unknown']), version: z.string().nullable(), path: z.string().nullable() }),
})
export type HostDetails = z.infer<typeof hostDetails>

const one = z.object({ host: hostId })

export const hostContract = {
  candidates: oc.errors(problems).output(z.array(hostCandidate)),
  /** Adds a host and starts connecting; answers at once. Refused with `host-known` when the address is there already. */
  add: oc
    .errors(problems)
    .input(z.object({ address: z.string(), label: z.string().nullable().default(null), group: z.string().nullable().default(null), tags: z.array(z.string()).default([]) }))
    .output(hostRecord),
  update: oc
    .errors(problems)
    .input(one.extend({ label: z.string().nullable().optional(), group: z.string().nullable().optional(), tags: z.array(z.string()).optional(), migrationAddress: z.string().nullable().optional() }))
    .output(hostRecord),
  /** Forgets the host; nothing happens on it. */
  remove: oc.errors(problems).input(one),
  answer: oc.errors(problems).input(one.extend({ prompt: z.string(), answer: promptAnswer })),
  reconnect: oc.errors(problems).input(one),
  details: oc.errors(problems).input(one).output(hostDetails),
  /** Deletes what Drover uploaded to the host. Refused with `agent-busy` while a job runs there. */
  removeAgentFiles: oc.errors(problems).input(one).output(z.object({ removed: z.array(z.string()) })),
  /** Starts a lab in a box and adds its hosts. Refused with `lab-not-possible` where it cannot be. */
  startLab: oc.errors(problems).input(z.object({ hosts: z.number().int().min(2).max(6) })),
  /** Takes the lab in a box down and forgets its hosts. */
  stopLab: oc.errors(problems),
}
