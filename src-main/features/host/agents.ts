import type { HostDetails } from '../../contract/host.ts'
import type { Disposable } from '../../base/disposable.ts'
import { AgentLink } from './agent/agent-link.ts'
import type { AgentBundle } from './agent/agent-bundle.ts'
import type { Hosts } from './hosts.ts'

/** The links to the agents, one per host, made when first needed. */
export class Agents implements Disposable {
  readonly #hosts: Hosts
  readonly #bundle: () => Promise<AgentBundle>
  readonly #links = new Map<string, AgentLink>()

  constructor(options: { hosts: Hosts; bundle: () => Promise<AgentBundle> }) {
    this.#hosts = options.hosts
    this.#bundle = options.bundle
    options.hosts.onDidRemove((host) => {
      this.#links.get(host)?.dispose()
      this.#links.delete(host)
    })
  }

  link(host: string): AgentLink {
    let link = this.#links.get(host)
    if (!link) this.#links.set(host, (link = new AgentLink({ host, sessions: this.#hosts, bundle: this.#bundle })))
    return link
  }

  /** What the host's page says of the agent there. */
  async describe(host: string, signal: AbortSignal): Promise<HostDetails['agent']> {
    const state = await this.link(host).state(signal)
    const isThere = state === 'uploaded' || state === 'running'
    return { state, version: isThere ? await this.#version() : null, path: isThere ? '~/.cache/drover' : null }
  }

  /** Rejects with `agent-busy` while a job runs there. Answers what is gone. */
  async removeFiles(host: string, signal: AbortSignal): Promise<string[]> {
    await this.link(host).removeFiles(signal)
    return ['~/.cache/drover']
  }

  dispose(): void {
    for (const link of this.#links.values()) link.dispose()
    this.#links.clear()
  }

  async #version(): Promise<string | null> {
    return (await this.#bundle()).version
  }
}
