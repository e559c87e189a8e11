import { Failure } from '../../../base/failure.ts'
import type { TransportFailureCode } from '../../../transport/failure-code.ts'
import type { Transport } from '../../../transport/transport.ts'
import { asRoot } from '../as-root.ts'
import { askEmptiness } from '../run/emptiness.ts'
import type { RunParts } from '../run/run-parts.ts'

type Parts = Pick<RunParts, 'hosts' | 'now'>

/** Marks the host: `in` at once where it says itself that it has no VM, else `entering`. Rejects with `host-unknown` or a Failure of the store. */
export async function enterMaintenance(host: string, about: { readonly reason: string; readonly who: string }, parts: Parts): Promise<void> {
  const { maintenance } = parts.hosts.record(host)
  const { isEmpty } = await askEmptiness(host, parts)
  await parts.hosts.update(host, { maintenance: { state: isEmpty ? 'in' : 'entering', reason: about.reason, who: about.who, since: maintenance?.since ?? parts.now() } })
}

/** Placement and balance may use the host again; nothing is moved. */
export async function leaveMaintenance(host: string, { hosts }: Pick<Parts, 'hosts'>): Promise<void> {
  await hosts.update(host, { maintenance: null })
}

/** Milliseconds that the command has: it answers before the machine goes. */
const commandMs = 15_000

/** The connection went with the machine. */
const goesWithIt: ReadonlySet<string> = new Set<TransportFailureCode>(['ssh-connection-lost', 'transport-closed'])

/**
 * Shuts the machine down over SSH, after it said itself that it has no VM; from then on it is shown as shut down by `who`, until it is reached again. `confirm` is its shown name.
 * Rejects with `confirm-wrong`, `host-not-empty`, `host-busy`, or what the host says; `host-no-shell` where only libvirt's socket is reached.
 */
export async function shutDownHost(host: string, confirm: string, parts: Parts & { readonly who: string; readonly isBusy: (host: string) => boolean }): Promise<void> {
  const name = parts.hosts.name(host)
  if (confirm !== name) throw new Failure('confirm-wrong', `That is not the name of ${name}.`, { next: 'Type it as it is shown.' })
  if (parts.isBusy(host)) throw new Failure('host-busy', `A move or a run still touches ${name}.`, { next: 'Wait until it has ended.' })
  const { transport } = parts.hosts.session(host)
  const { isEmpty, left } = await askEmptiness(host, parts)
  if (isEmpty !== true) throw new Failure('host-not-empty', isEmpty === null ? `${name} could not be asked whether it has VMs.` : `${name} still has VMs.`, { ...(left.length > 0 ? { evidence: left.join(', ') } : {}), next: 'Empty it first.' })
  if (!transport.address.startsWith('ssh:')) throw new Failure('host-no-shell', `${name} is not reached over SSH.`, { next: 'Shut it down yourself.' })
  const argv = [...(await asRoot(transport)), 'systemctl', 'poweroff', '--no-wall']
  // Kept before the command: its connection may be gone before it has answered.
  await parts.hosts.update(host, { shutDown: { at: parts.now(), who: parts.who } })
  try {
    await powerOff(name, transport, argv)
  } catch (thrown) {
    await parts.hosts.update(host, { shutDown: null })
    throw thrown
  }
}

async function powerOff(name: string, transport: Transport, argv: readonly string[]): Promise<void> {
  const answer = await transport.exec(argv, { deadlineMs: commandMs }).catch((thrown: unknown) => {
    if (thrown instanceof Failure && goesWithIt.has(thrown.code)) return null
    throw thrown
  })
  if (answer && answer.code !== 0 && answer.code !== null) throw new Failure('host-refused', `${name} does not shut down.`, { evidence: (answer.stderr || answer.stdout).trim().slice(0, 500), next: 'Shut it down on its own console, or let this user do so.' })
}
