import { randomUUID } from 'node:crypto'
import type { HostRecord, HostView, PromptAnswer } from '../../contract/host.ts'
import { Emitter } from '../../base/event.ts'
import type { Disposable } from '../../base/disposable.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import type { Log } from '../../base/log.ts'
import { formatAddress, parseAddress } from '../../transport/address.ts'
import type { HostRepository } from '../../store/hosts.ts'
import { HostLink } from './host-link.ts'
import type { HostDirectory, HostSession } from './host-session.ts'
import { Prompts } from './prompts.ts'
import type { TransportFactory } from './transport-factory.ts'

/** All hosts of the profile. */
export class Hosts implements HostDirectory, Disposable {
  readonly #records: Pick<HostRepository, 'list' | 'put' | 'remove'>
  readonly #transports: TransportFactory
  readonly #log: Log
  readonly #claimNumber: () => number
  readonly #prompts = new Prompts()
  readonly #links = new Map<string, HostLink>()
  readonly #onDidChangeSession = new Emitter<string>()
  readonly #onDidChange = new Emitter<HostView>()
  readonly #onDidRemove = new Emitter<string>()

  readonly onDidChangeSession = this.#onDidChangeSession.event
  /** Fires with the new view of a host that appeared or changed. */
  readonly onDidChange = this.#onDidChange.event
  readonly onDidRemove = this.#onDidRemove.event

  constructor(options: { records: Pick<HostRepository, 'list' | 'put' | 'remove'>; transports: TransportFactory; claimNumber: () => number; log: Log }) {
    this.#records = options.records
    this.#transports = options.transports
    this.#claimNumber = options.claimNumber
    this.#log = options.log
    this.#prompts.onDidChange((host) => this.#links.get(host)?.promptChanged())
  }

  /** Begins to connect to every host of the profile. */
  async start(): Promise<void> {
    for (const record of await this.#records.list()) this.#open(record)
  }

  list(): readonly HostRecord[] {
    return [...this.#links.values()].map(({ record }) => record)
  }

  record(host: string): HostRecord {
    return this.#link(host).record
  }

  name(host: string): string {
    return this.#links.get(host)?.name ?? host
  }

  session(host: string): HostSession {
    const link = this.#link(host)
    if (link.session) return link.session
    const { connection } = link.view
    const why = connection.state === 'offline' ? connection.problem.message : 'It is still connecting.'
    throw new Failure('host-offline', `${link.name} is not connected.`, { evidence: why, next: 'Reconnect it, or wait until it is back.' })
  }

  whenOnline(host: string, signal: AbortSignal): Promise<HostSession> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const link = this.#links.get(host)
        if (link?.session) settle(() => resolve(link.session!))
        else if (!link) settle(() => reject(new Failure('host-unknown', 'This host is not known to Drover any more.')))
      }
      const settle = (how: () => void) => {
        changes.dispose()
        removals.dispose()
        signal.removeEventListener('abort', onAbort)
        how()
      }
      const onAbort = () => settle(() => reject(signal.reason))
      const changes = this.#onDidChangeSession.event((id) => id === host && look())
      const removals = this.#onDidRemove.event((id) => id === host && look())
      signal.addEventListener('abort', onAbort)
      if (signal.aborted) onAbort()
      else look()
    })
  }

  /** Adds a host and begins to connect. Throws `address-invalid`, or `host-known` when its address is there already. */
  async add(wish: { address: string; label: string | null; group: string | null; tags: string[] }): Promise<HostRecord> {
    const address = formatAddress(parseAddress(wish.address))
    const known = this.list().find((record) => record.address === address)
    if (known) throw new Failure('host-known', `${this.name(known.id)} is in Drover already.`, { evidence: address })
    const record: HostRecord = { id: randomUUID(), address, label: wish.label, group: wish.group, tags: wish.tags, migrationAddress: null, maintenance: null, shutDown: null }
    await this.#records.put(record)
    this.#open(record)
    return record
  }

  async update(host: string, change: Partial<Omit<HostRecord, 'id' | 'address'>>): Promise<HostRecord> {
    const link = this.#link(host)
    const record = { ...link.record, ...change }
    await this.#records.put(record)
    link.record = record
    return record
  }

  /** Forgets a host; nothing happens on it. */
  async remove(host: string): Promise<void> {
    const link = this.#link(host)
    await this.#records.remove(host)
    this.#links.delete(host)
    link.dispose()
    this.#onDidChangeSession.fire(host)
    this.#onDidRemove.fire(host)
  }

  answer(host: string, prompt: string, answer: PromptAnswer): void {
    this.#prompts.answer(host, prompt, answer)
  }

  reconnect(host: string): void {
    this.#link(host).retryNow()
  }

  dispose(): void {
    for (const link of this.#links.values()) link.dispose()
    this.#links.clear()
  }

  #link(host: string): HostLink {
    const link = this.#links.get(host)
    if (!link) throw new Failure('host-unknown', 'This host is not known to Drover.')
    return link
  }

  #open(record: HostRecord): void {
    const link = new HostLink({ record, n: this.#claimNumber(), transports: this.#transports, prompts: this.#prompts, log: this.#log })
    this.#links.set(record.id, link)
    link.onDidChange(() => this.#onDidChange.fire(link.view))
    link.onDidChangeSession(() => this.#onDidChangeSession.fire(record.id))
    link.onDidReach(() => void this.#isBack(link))
    this.#onDidChange.fire(link.view)
    link.start()
  }

  /** A machine that was shut down and is reached is up again. */
  async #isBack({ record }: HostLink): Promise<void> {
    if (record.shutDown) await this.update(record.id, { shutDown: null }).catch((thrown: unknown) => this.#log.warn({ host: record.id, err: messageOf(thrown) }, 'the end of a shutdown could not be kept'))
  }
}
