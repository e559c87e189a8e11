import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { rolldown } from 'rolldown'
import type { MoveHandle } from '../../src-main/agent/conductor/move-handle.ts'
import type { MoveEvent } from '../../src-main/agent/protocol/move-event.ts'
import type { MoveSpec } from '../../src-main/agent/protocol/move-spec.ts'
import { AgentLink } from '../../src-main/features/host/agent/agent-link.ts'
import { loadAgentBundle, type AgentBundle } from '../../src-main/features/host/agent/agent-bundle.ts'
import { startAgentMove } from '../../src-main/features/host/agent/agent-move.ts'
import type { RemoteMove } from '../../src-main/features/host/agent/remote-move.ts'
import { SshTransport } from '../../src-main/ssh/ssh-transport.ts'
import { parseAddress } from '../../src-main/transport/address.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import type { HostCount, LabHost } from '../lab/host.ts'
import { until } from '../lab/waiting.ts'

const root = join(import.meta.dirname, '../..')
const log = pino({ level: 'silent' })

/** As much of a lab host as a rig needs, so that a process of its own can have it by words alone. */
export interface RigHost {
  /** `ssh://user@address`. */
  readonly sshAddress: string
  readonly address: string
}

/** The agent as the sources have it now, with the Node of this checkout; made once. `spoil`: makes another program of a source file, for an agent that misbehaves. */
export async function buildAgent(spoil?: (path: string, text: string) => string): Promise<{ bundle: AgentBundle; folder: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'drover-agent-'))
  const bundler = await rolldown({ input: join(root, 'src-main/agent/main.ts'), platform: 'node', logLevel: 'silent', ...(spoil ? { plugins: [{ name: 'spoil', transform: (text: string, path: string) => spoil(path, text) }] } : {}) })
  await bundler.write({ file: join(folder, 'agent.mjs'), format: 'esm', codeSplitting: false })
  await bundler.close()
  return { bundle: await loadBuilt(folder), folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

export function loadBuilt(folder: string): Promise<AgentBundle> {
  return loadAgentBundle(join(folder, 'agent.mjs'), (arch) => join(root, 'node_modules', `node-linux-${arch}`, 'bin/node'))
}

/** One host as the app has it: a link to its agent over an SSH connection that comes back when it was lost. */
export class RiggedHost {
  readonly link: AgentLink
  readonly #host: RigHost
  readonly #sshConfig: string
  #transport: SshTransport | null = null
  #opening: Promise<SshTransport> | null = null
  #cuts = 0

  constructor(host: RigHost, sshConfig: string, bundle: AgentBundle) {
    this.#host = host
    this.#sshConfig = sshConfig
    const online = async () => ({ transport: await this.transport(), ended: new AbortController().signal })
    this.link = new AgentLink({
      host: host.address,
      sessions: {
        session: () => {
          if (this.#transport?.state.kind !== 'open') throw new Error('offline')
          return { transport: this.#transport }
        },
        whenOnline: online,
      },
      bundle: () => Promise.resolve(bundle),
      timing: { retryMs: 50 },
    })
  }

  get cuts(): number {
    return this.#cuts
  }

  async transport(): Promise<SshTransport> {
    if (this.#transport?.state.kind === 'open') return this.#transport
    this.#opening ??= SshTransport.open({
      address: parseAddress(this.#host.sshAddress) as Extract<ReturnType<typeof parseAddress>, { scheme: 'ssh' }>,
      sources: { files: [this.#sshConfig] },
      ask: () => Promise.reject(new Error('nothing should be asked')),
      log,
    }).finally(() => (this.#opening = null))
    this.#transport = await this.#opening
    return this.#transport
  }

  /** SSH goes without a farewell to the agent. */
  cut(): void {
    this.#cuts += 1
    this.#transport?.close()
  }

  close(): void {
    this.link.dispose()
    this.#transport?.close()
  }
}

/** A move as the wizard would plan it. */
export function specOf(guest: string, to: RigHost, change: Partial<MoveSpec> = {}): MoveSpec {
  return {
    job: `job-${Math.random().toString(36).slice(2, 12)}`,
    vm: { name: guest, uuid: uuidOf(guest) },
    hosts: { source: 'one', destination: 'two' },
    technique: 'precopy',
    switchPolicy: { when: 'hand' },
    // PERSIST_DEST and UNDEFINE_SOURCE.
    flags: 8 | 16,
    destinationName: guest,
    destinationXml: null,
    persistentXml: null,
    migrateUri: `tcp://${to.address}`,
    listenAddress: null,
    disksUri: null,
    disksPort: null,
    disks: null,
    graphicsUri: null,
    compression: [],
    parallelConnections: null,
    autoConverge: null,
    tlsDestination: null,
    limits: { bandwidthMiBps: null, postcopyBandwidthMiBps: null, downtimeMs: null },
    ...change,
  }
}

export function limitsOf(mebibytesPerSecond: number): MoveSpec['limits'] {
  return { bandwidthMiBps: mebibytesPerSecond, postcopyBandwidthMiBps: mebibytesPerSecond, downtimeMs: null }
}

export function startOver(source: RiggedHost, destination: RiggedHost, spec: MoveSpec, to: RigHost): Promise<RemoteMove> {
  return startAgentMove({ spec, source: source.link, destination: destination.link, address: to.address, ports: [49_600, 49_620] })
}

/** What was heard of a move. */
export class Heard {
  readonly events: MoveEvent[] = []

  constructor(move: MoveHandle) {
    move.onDidHappen((event) => this.events.push(event))
  }

  /** Resolves with the first event, heard already or to come, that is `wanted`. */
  first(what: string, wanted: (event: MoveEvent) => boolean, deadlineMs = 60_000): Promise<MoveEvent> {
    return until(what, () => this.events.find(wanted), { deadlineMs, evidence: () => this.trail.join(' ') })
  }

  step(step: string, state: string, deadlineMs?: number): Promise<MoveEvent> {
    return this.first(`${step} ${state}`, (event) => event.kind === 'step' && event.step === step && event.state === state, deadlineMs)
  }

  sample(count = 1): Promise<unknown> {
    return until(`${count} samples`, () => this.events.filter(({ kind }) => kind === 'sample').length >= count, { deadlineMs: 60_000, evidence: () => this.trail.join(' ') })
  }

  /** Steps with their ends, in order. */
  get trail(): string[] {
    return this.events.flatMap((event) => (event.kind === 'step' && event.state !== 'started' ? [`${event.step} ${event.state}`] : []))
  }

  /** Whether nothing is missing between the first event and the last. */
  get isComplete(): boolean {
    return this.events.every(({ seq }, i) => seq === i + 1) && this.events.at(-1)?.kind === 'ended'
  }
}

/** The process, by this machine's number, whose command line has `word` and which is in the host. */
export function processOn(host: LabHost, word: RegExp): number {
  const found = host.pids().find(({ argv }) => word.test(argv.join(' ')))
  if (!found) throw new Error(`${host.name} runs nothing like ${word}`)
  return found.pid
}

export const agentOn = (host: LabHost): number => processOn(host, /agent-[0-9a-f]+\.mjs serve/)

/** Resolves when no agent is on these hosts any more, nor anything that listens beyond what did `before`; the connections to them are closed already. */
export async function agentsGone(hosts: readonly LabHost[], before: ReadonlyMap<LabHost, HostCount>): Promise<void> {
  for (const host of hosts) {
    await until(
      `The end of the agent on ${host.name}`,
      async () => {
        const { agents, listeners } = await host.count()
        return agents === 0 && listeners.every((port) => before.get(host)?.listeners.includes(port))
      },
      { deadlineMs: 60_000 },
    )
  }
}

/** What is on each host now. */
export async function countAll(hosts: readonly LabHost[]): Promise<Map<LabHost, HostCount>> {
  return new Map(await Promise.all(hosts.map(async (host) => [host, await host.count()] as const)))
}

/** Whether any file of an agent is in that folder of a host. */
export function agentFilesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}
