import { oc, eventIterator } from '@orpc/contract'
import { z } from 'zod'
import { hostId } from './host.ts'
import { problems } from './problem.ts'

/** One domain on one host. The same uuid may be on two hosts during a move: then the two are two. */
export const vmRef = z.object({ host: hostId, uuid: z.string() })
export type VmRef = z.infer<typeof vmRef>

/** The key of a {@link VmRef} in maps: `host/uuid`. */
export function vmKey(ref: VmRef): string {
  return `${ref.host}/${ref.uuid}`
}

/** libvirt's domain states in the words of virsh; `incoming` is paused by an incoming migration. */
export const vmState = z.enum(['running', 'paused', 'suspended', 'incoming', 'postcopy', 'postcopy-failed', 'shutting-down', 'off', 'crashed', 'saved', 'unknown'])
export type VmState = z.infer<typeof vmState>

/** A VM as the inventory shows it. `n` is its number in the columns of samples. Memory in KiB. */
export const vmView = z.object({
  n: z.number().int(),
  ref: vmRef,
  name: z.string(),
  title: z.string().nullable(),
  state: vmState,
  /** Why libvirt says it is in that state (`user`, `migration`, `crashed`…). */
  reason: z.string(),
  tags: z.array(z.string()),
  vcpus: z.number().int(),
  memoryKiB: z.number(),
  isPersistent: z.boolean(),
  hasAutostart: z.boolean(),
  hasManagedSave: z.boolean(),
  /** Of the move that is going on with it, here or at the other end. */
  job: z.string().nullable(),
  console: z.object({ hasSerial: z.boolean(), hasVnc: z.boolean(), hasSpice: z.boolean() }),
})
export type VmView = z.infer<typeof vmView>

/** cpu: hundredths of a percent of one core (VM) or of the whole host; memory: KiB used; disk and network: bytes per second. */
const figures = {
  cpu: z.array(z.number()),
  memory: z.array(z.number()),
  read: z.array(z.number()),
  write: z.array(z.number()),
  rx: z.array(z.number()),
  tx: z.array(z.number()),
}

/** Columns of a sample: entry i of each belongs to the VM (or host) whose number is `n[i]`; only rows that changed are in it. */
export const sampleColumns = z.object({ n: z.array(z.number()), ...figures })
export type SampleColumns = z.infer<typeof sampleColumns>

export const vmDetails = z.object({
  ref: vmRef,
  devices: z.array(z.object({ kind: z.string(), label: z.string(), detail: z.string() })),
  cpu: z.string(),
  machine: z.string(),
  firmware: z.string(),
  /** As libvirt has it, without passwords. */
  xml: z.string(),
  inactiveXml: z.string().nullable(),
})
export type VmDetails = z.infer<typeof vmDetails>

export const vmCommand = z.enum(['start', 'shutdown', 'reboot', 'suspend', 'resume', 'force-off', 'autostart-on', 'autostart-off'])
export type VmCommand = z.infer<typeof vmCommand>

/** Recent samples of one VM or host, oldest first, one per poll; `t` milliseconds since the epoch. Units as in {@link sampleColumns}. */
export const history = z.object({ t: z.array(z.number()), ...figures })
export type History = z.infer<typeof history>

/** Base64 of raw bytes: neither adapter carries typed arrays. */
const bytes = z.string()

export const vmContract = {
  details: oc.errors(problems).input(vmRef).output(vmDetails),
  history: oc.errors(problems).input(z.union([vmRef, z.object({ host: hostId })])).output(history),
  /** Resolves when libvirt has accepted the command; the state that follows comes with the inventory. */
  command: oc.errors(problems).input(z.object({ vm: vmRef, command: vmCommand })),
  /** Opens the serial console or VNC and yields what it says until the client returns or the far side closes. The first message carries the session. */
  console: oc
    .errors(problems)
    .input(z.object({ vm: vmRef, kind: z.enum(['serial', 'vnc']), session: z.string(), takeOver: z.boolean().default(false) }))
    .output(eventIterator(z.object({ data: bytes }))),
  /** Types into a console that is open under `session`. */
  type: oc.errors(problems).input(z.object({ session: z.string(), data: bytes })),
}
