import { Failure, messageOf } from '../base/failure.ts'
import { within } from '../base/abort.ts'
import { CapturedOutput } from '../transport/captured-output.ts'
import { libvirtSockets } from '../transport/local-libvirt.ts'
import type { ExecResult, LibvirtChannel, LibvirtRoute } from '../transport/transport.ts'
import { ChannelRefused, type SshConnection } from './connection.ts'
import { readLibvirtFacts, type LibvirtFacts } from './libvirt-facts.ts'
import { explainLibvirt, type Trial } from './libvirt-failure.ts'
import { hearHello, sayHello } from './libvirt-hello.ts'
import type { Prompter } from './prompter.ts'
import type { Running } from './remote-process.ts'
import { SudoPrompt, type SudoPassword } from './sudo.ts'

/** How long a helper may take to answer libvirt's first call, in ms; time in which a person is being asked does not count. */
const helloMs = 20_000

interface Way {
  readonly route: LibvirtRoute
  /** The socket on the host; for virt-ssh-helper, which finds it itself, the one that it will find. */
  readonly path: string
  readonly isWritable: boolean
}

export interface LibvirtAccess {
  readonly connection: SshConnection
  /** Starts a program that holds a session until its stream closes. */
  start(argv: readonly string[], signal: AbortSignal): Promise<Running>
  exec(argv: readonly string[], signal: AbortSignal): Promise<ExecResult>
  readonly sudo: SudoPassword
  prompter(signal: AbortSignal): Prompter
  readonly host: string
}

/** Finds a way to the libvirt daemon of a host, once, and then keeps to it as long as it works. */
export class LibvirtRoutes {
  readonly #access: LibvirtAccess
  readonly #known = new Map<boolean, Way>()
  #search: Promise<unknown> = Promise.resolve()

  constructor(access: LibvirtAccess) {
    this.#access = access
  }

  async open(isReadOnly: boolean, signal: AbortSignal): Promise<LibvirtChannel> {
    const known = await this.#openKnown(isReadOnly, signal)
    if (known) return known
    // One search at a time: two would ask for the sudo password twice.
    const before = this.#search
    const mine = before.then(
      () => this.#searchOnce(isReadOnly, signal),
      () => this.#searchOnce(isReadOnly, signal),
    )
    this.#search = mine.catch(() => {})
    return mine
  }

  async #openKnown(isReadOnly: boolean, signal: AbortSignal): Promise<LibvirtChannel | null> {
    const way = this.#known.get(isReadOnly)
    if (!way) return null
    try {
      return await this.#by(way, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (!this.#access.connection.isOpen || !(error instanceof WayFailed)) throw error
      this.#known.delete(isReadOnly)
      return null
    }
  }

  async #searchOnce(isReadOnly: boolean, signal: AbortSignal): Promise<LibvirtChannel> {
    signal.throwIfAborted()
    const known = await this.#openKnown(isReadOnly, signal)
    if (known) return known
    const trials: Trial[] = []
    const attempt = async (way: Way): Promise<LibvirtChannel | null> => {
      try {
        const channel = await this.#by(way, signal)
        this.#known.set(isReadOnly, way)
        return channel
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof WayFailed)) throw error
        trials.push({ route: way.route, path: way.path, evidence: error.message })
        return null
      }
    }
    const sockets = isReadOnly ? libvirtSockets.readOnly : libvirtSockets.writable
    for (const path of sockets) {
      const channel = await attempt({ route: 'socket', path, isWritable: !isReadOnly })
      if (channel) return channel
    }
    const facts = await this.#facts(signal)
    let dismissal: unknown = null
    for (const way of waysFor(facts, sockets, isReadOnly)) {
      try {
        const channel = await attempt(way)
        if (channel) return channel
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'prompt-dismissed') throw error
        dismissal = error
        break
      }
    }
    if (!isReadOnly) {
      for (const way of fallbackWays(facts)) {
        const channel = await attempt(way)
        if (channel) return channel
      }
    }
    throw dismissal ?? explainLibvirt(this.#access.host, facts, trials)
  }

  async #facts(signal: AbortSignal): Promise<LibvirtFacts | null> {
    const all = [...libvirtSockets.writable, ...libvirtSockets.readOnly]
    try {
      return await readLibvirtFacts((argv) => this.#access.exec(argv, signal), all)
    } catch (error) {
      if (error instanceof Failure && error.code === 'exec-failed') return null
      throw error
    }
  }

  /** Opens one way. Rejects with WayFailed where another may be tried. */
  async #by(way: Way, signal: AbortSignal): Promise<LibvirtChannel> {
    const { route, isWritable } = way
    if (route === 'socket') {
      const stream = await this.#access.connection.openSocket(way.path, signal).catch((error: unknown) => {
        throw error instanceof ChannelRefused ? new WayFailed(error.message) : error
      })
      return { stream, route, isWritable }
    }
    const command = commandOf(way)
    const running = route.startsWith('sudo') ? await this.#bySudo(command, signal) : await this.#byHelper(command, signal)
    return { stream: running.stream, route, isWritable }
  }

  async #byHelper(argv: readonly string[], signal: AbortSignal): Promise<Running> {
    const running = await this.#start(argv, signal)
    const complaint = new CapturedOutput(running.stderr)
    try {
      sayHello(running.stream)
      await within(helloMs, `${argv.join(' ')} to reach the daemon`, hearHello(running.stream, signal), signal)
      return running
    } catch (error) {
      running.close()
      await running.exited
      signal.throwIfAborted()
      if (!this.#access.connection.isOpen) throw this.#access.connection.ending
      throw new WayFailed(complaint.text.trim() || messageOf(error))
    }
  }

  async #bySudo(command: readonly string[], signal: AbortSignal): Promise<Running> {
    const { sudo } = this.#access
    try {
      return await this.#byHelper(['sudo', '-n', '--', ...command], signal)
    } catch (error) {
      if (!(error instanceof WayFailed) || sudo.isDeclined) throw error
    }
    const prompter = this.#access.prompter(signal)
    for (;;) {
      const outcome = await this.#byPassword(command, prompter, signal)
      if (outcome !== 'wrong-password') return outcome
    }
  }

  /** One sudo, one password. A wrong one gets a new sudo, for what follows it on stdin would be read as the next. */
  async #byPassword(command: readonly string[], prompter: Prompter, signal: AbortSignal): Promise<Running | 'wrong-password'> {
    const prompt = new SudoPrompt()
    const running = await this.#start([...prompt.arguments, ...command], signal)
    prompt.watch(running)
    try {
      const first = await within(helloMs, 'sudo', prompt.reaction(), signal)
      if (first === 'ended') throw new WayFailed(prompt.complaint || 'sudo ended')
      const password = await this.#access.sudo.get(prompter)
      if (!password) throw new WayFailed('the sudo password was not given')
      running.stream.write(`${password.value}\n`)
      sayHello(running.stream)
      const heard = hearHello(running.stream, signal).then(() => 'heard' as const)
      heard.catch(() => {})
      const outcome = await within(helloMs, 'sudo', Promise.race([heard, prompt.reaction()]), signal)
      if (outcome === 'heard') {
        await password.accept()
        return running
      }
      if (outcome === 'asks-again') {
        await password.reject()
        running.close()
        return 'wrong-password'
      }
      // sudo may end at once after a wrong password (passwd_tries=1), or because the user may not do this.
      if (/incorrect password attempt/i.test(prompt.complaint)) {
        await password.reject()
        return 'wrong-password'
      }
      // Not the password's fault; the next command by sudo need not ask for it again.
      password.keep()
      throw new WayFailed(prompt.complaint || 'sudo ended')
    } catch (error) {
      running.close()
      signal.throwIfAborted()
      if (!this.#access.connection.isOpen) throw this.#access.connection.ending
      if (error instanceof Failure && error.code === 'deadline') throw new WayFailed(`${error.message} ${prompt.complaint}`.trim())
      throw error
    }
  }

  async #start(argv: readonly string[], signal: AbortSignal): Promise<Running> {
    return this.#access.start(argv, signal).catch((error: unknown) => {
      throw error instanceof ChannelRefused || (error instanceof Failure && error.code === 'exec-failed') ? new WayFailed(messageOf(error)) : error
    })
  }
}

/** One way did not lead to the daemon; the message is the evidence. */
class WayFailed extends Error {}

function commandOf({ route, path, isWritable }: Way): readonly string[] {
  // English, because what the helper says becomes evidence.
  if (route === 'virt-ssh-helper' || route === 'sudo-virt-ssh-helper') {
    return isWritable ? ['virt-ssh-helper', 'qemu:///system'] : ['virt-ssh-helper', '-r', 'qemu:///system']
  }
  return ['nc', '-U', path]
}

function waysFor(facts: LibvirtFacts | null, sockets: readonly string[], isReadOnly: boolean): Way[] {
  if (!facts) return []
  const usable = sockets.find((path) => facts.usable.includes(path))
  const isWritable = !isReadOnly
  if (usable) return helpers(facts, usable, isWritable, '')
  const forbidden = facts.forbidden.find(({ path }) => sockets.includes(path))
  if (!forbidden || isReadOnly || !facts.programs.has('sudo')) return []
  // As root the programs may be found where the user has no path to.
  return helpers({ programs: new Set(['virt-ssh-helper', 'nc']) }, forbidden.path, isWritable, 'sudo-')
}

/** The read-only socket, where nothing better can be had. */
function fallbackWays(facts: LibvirtFacts | null): Way[] {
  const candidates = facts ? libvirtSockets.readOnly.filter((path) => facts.usable.includes(path)) : [...libvirtSockets.readOnly]
  const direct = candidates.map((path): Way => ({ route: 'socket', path, isWritable: false }))
  return facts && candidates[0] ? [...direct, ...helpers(facts, candidates[0], false, '')] : direct
}

function helpers(facts: { programs: ReadonlySet<string> }, path: string, isWritable: boolean, prefix: '' | 'sudo-'): Way[] {
  const ways: Way[] = []
  if (facts.programs.has('virt-ssh-helper')) ways.push({ route: `${prefix}virt-ssh-helper`, path, isWritable })
  if (facts.programs.has('nc')) ways.push({ route: `${prefix}netcat`, path, isWritable })
  return ways
}
