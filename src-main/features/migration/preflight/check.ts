import type { MovePlan, Finding, Route } from '../../../contract/migration.ts'
import type { DomainCapabilities } from '../../../libvirt/xml/capabilities/domain.ts'
import type { Domain } from '../../../libvirt/xml/domain/domain.ts'
import type { HostFactsReader } from '../host-facts/host-facts-reader.ts'

/** The VM that is to move, as its host describes it now. The texts are secure XML (they may hold a password): memory only, never in evidence. */
export interface PreflightDomain {
  readonly name: string
  readonly uuid: string
  /** What runs; of a VM that is off, its definition. */
  readonly live: Domain
  /** What a persistent VM will be at its next start; null of a transient one. */
  readonly inactive: Domain | null
  readonly liveXml: string
  readonly inactiveXml: string | null
  readonly isActive: boolean
  readonly isPersistent: boolean
  /** libvirt's virDomainState and reason. */
  readonly state: number
  readonly reason: number
  readonly hasManagedSave: boolean
  /** Number of snapshots, null where the daemon does not say. */
  readonly snapshots: number | null
}

/** One end of the move. Everything that a host is asked is asked once per preflight, when the first check wants it. */
export interface PreflightSide {
  readonly host: string
  readonly name: string
  readonly facts: HostFactsReader
  /** For this VM's emulator, architecture, machine type and virtualisation; null where the daemon does not know that combination. */
  domainCapabilities(): Promise<DomainCapabilities | null>
}

/** Everything that a check may look at. */
export interface PreflightContext {
  readonly plan: MovePlan
  readonly domain: PreflightDomain
  readonly source: PreflightSide
  readonly destination: PreflightSide
  /** How the source will reach the destination, and what the probe saw; null when no address was found, or none is needed. */
  readonly route: Route | null
  /** Whether the source gets through to where the destination's agent will listen. */
  readonly agentProbe: Route['probe']
  /** Who would drive the move. */
  readonly driver: 'agent' | 'app'
  readonly signal: AbortSignal
}

/** One question of preflight. It only looks; what it throws becomes a warning that names the subject, and the other checks go on. */
export interface Check {
  /** What it is about, as the finding groups are headed: `cpu`, `disk`, `network`. */
  readonly subject: string
  run(context: PreflightContext): readonly Finding[] | Promise<readonly Finding[]>
}
