import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { join } from 'node:path'
import { delay, within } from '../base/abort.ts'
import type { Disposable } from '../base/disposable.ts'
import { Emitter, type Event } from '../base/event.ts'
import { Failure, messageOf } from '../base/failure.ts'
import type { Log } from '../base/log.ts'
import { wirePair, type Caller, type Wire } from '../base/wire.ts'
import { tryLock } from '../store/lock.ts'
import { greet } from './greeting.ts'
import { listen, type Listener } from './listener.ts'
import { socketPath } from './place.ts'
import { streamWire } from './stream-wire.ts'

/** What the owner runs: the part of `Services` that this room needs. */
export interface Served {
  serve(wire: Wire, caller: Caller): void
  close(): Promise<void>
}

export type Role =
  | { readonly kind: 'seeking'; readonly problem: Failure | null }
  | { readonly kind: 'owner'; readonly services: Served }
  | { readonly kind: 'client' }
  | { readonly kind: 'closed' }

export interface ProfileOptions {
  readonly folder: string
  readonly version: string
  readonly caller: Caller
  readonly log: Log
  /** Called when this process becomes the owner. */
  createServices(): Promise<Served>
}

/** Milliseconds between two tries to own the profile or reach its owner. */
const retryMs = 100
/** The same after this process could not start its services. */
const failedMs = 2000
/** Failures of an owner that is just going. */
const passing: ReadonlySet<string> = new Set(['owner-gone', 'owner-unreachable'])
/** Milliseconds for which a new wire waits for an owner to be found. */
const patienceMs = 15_000

/**
 * One profile, as this process takes part in it (DESIGN, "One owner"). Whoever gets the exclusive lock on `owner.db` is the owner: it runs the services and
 * listens on a socket. All others are its clients; when it goes, one of them becomes the owner.
 */
export class Profile {
  readonly #options: ProfileOptions
  readonly #closing = new AbortController()
  readonly #changed = new Emitter<Role>()
  #role: Role = { kind: 'seeking', problem: null }
  #run: Promise<void>

  readonly onDidChangeRole: Event<Role> = this.#changed.event

  constructor(options: ProfileOptions) {
    this.#options = options
    mkdirSync(options.folder, { recursive: true, mode: 0o700 })
    this.#run = this.#takePart()
  }

  get role(): Role {
    return this.#role
  }

  /** A wire to the contract, whoever owns the profile. It closes when the owner goes: ask for another then. Rejects with a Failure `owner-…` after 15 s. */
  async connect(caller: Caller = this.#options.caller, signal?: AbortSignal): Promise<Wire> {
    const role = await within(patienceMs, 'Finding the Drover that holds this profile', this.#whenSettled(), signal).catch((thrown: unknown) => {
      throw (this.#role.kind === 'seeking' && this.#role.problem) || thrown
    })
    if (role.kind === 'client') {
      try {
        return await this.#dial('call', caller, signal)
      } catch (thrown) {
        signal?.throwIfAborted()
        if (thrown instanceof Failure && !passing.has(thrown.code)) throw thrown
        // The owner went a moment ago, which this process has not heard yet: whoever is next is asked.
        await within(patienceMs, 'Hearing that the owner went', this.#whenNot(role), signal)
        return this.connect(caller, signal)
      }
    }
    const [mine, theirs] = wirePair()
    role.services.serve(theirs, caller)
    return mine
  }

  /** Ends this process's part: an owner closes its services and lets the next one in. */
  async close(): Promise<void> {
    this.#closing.abort(new Failure('owner-closed', 'Drover is closing.'))
    await this.#run
  }

  #set(role: Role): void {
    this.#role = role
    this.#changed.fire(role)
  }

  #whenNot(role: Role): Promise<void> {
    return new Promise((resolve) => {
      if (this.#role !== role) return resolve()
      const listening = this.#changed.event(() => {
        listening.dispose()
        resolve()
      })
    })
  }

  #whenSettled(): Promise<Extract<Role, { kind: 'owner' | 'client' }>> {
    return new Promise((resolve, reject) => {
      const look = (role: Role) => {
        if (role.kind === 'seeking') return
        listening.dispose()
        if (role.kind === 'closed') reject(new Failure('owner-closed', 'Drover is closing.'))
        else resolve(role)
      }
      const listening: Disposable = this.#changed.event(look)
      look(this.#role)
    })
  }

  async #takePart(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        const lock = tryLock(join(this.#options.folder, 'owner.db'))
        if (lock) await this.#own(lock)
        else await this.#follow()
      } catch (thrown) {
        if (signal.aborted) break
        const problem = thrown instanceof Failure ? thrown : new Failure('owner-unreachable', 'The Drover that holds this profile cannot be reached.', { evidence: messageOf(thrown), cause: thrown })
        const isNew = this.#role.kind !== 'seeking' || this.#role.problem?.code !== problem.code
        this.#set({ kind: 'seeking', problem })
        if (isNew) this.#options.log.info({ code: problem.code, evidence: problem.evidence }, problem.message)
        await delay(problem.code === 'owner-failed' ? failedMs : retryMs, signal).catch(() => {})
      }
    }
    this.#set({ kind: 'closed' })
    this.#changed.dispose()
  }

  async #own(lock: Disposable): Promise<void> {
    const { folder, version, log } = this.#options
    let services: Served | undefined
    let listener: Listener | undefined
    try {
      const key = randomBytes(32).toString('hex')
      writeFileSync(join(folder, 'owner.key'), key, { mode: 0o600 })
      const running = (services = await this.#options.createServices().catch((thrown: unknown) => {
        throw new Failure('owner-failed', 'Drover could not start its services.', { evidence: messageOf(thrown), cause: thrown })
      }))
      listener = await listen(socketPath(folder), { key, version, onCall: (wire, caller) => running.serve(wire, caller) })
      log.info({ profile: folder }, 'this process owns the profile')
      this.#set({ kind: 'owner', services })
      await new Promise<void>((resolve) => onAbort(this.#closing.signal, resolve))
    } finally {
      // The lock goes last: until then nobody else may open the store.
      listener?.close()
      await services?.close()
      lock.dispose()
    }
  }

  /** Is a client for as long as the owner lives. */
  async #follow(): Promise<void> {
    const wire = await this.#dial('watch', this.#options.caller, this.#closing.signal)
    this.#set({ kind: 'client' })
    await new Promise<void>((resolve) => {
      wire.onDidClose(() => resolve())
      onAbort(this.#closing.signal, () => wire.close())
    })
    if (!this.#closing.signal.aborted) this.#set({ kind: 'seeking', problem: null })
  }

  async #dial(want: 'watch' | 'call', caller: Caller, signal?: AbortSignal): Promise<Wire> {
    const { folder, version } = this.#options
    const key = readFileSync(join(folder, 'owner.key'), 'utf8')
    const socket = connect(socketPath(folder))
    await within(patienceMs, 'Reaching the Drover that holds this profile', new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject)), signal).catch(
      (thrown: unknown) => {
        socket.destroy()
        throw thrown
      },
    )
    const wire = streamWire(socket)
    await greet(wire, key, version, { want, caller }, signal)
    return wire
  }
}

function onAbort(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act()
  else signal.addEventListener('abort', act, { once: true })
}
