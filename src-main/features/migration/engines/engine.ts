import type { Finding, Forecast, Route, Technique } from '../../../contract/migration.ts'
import type { MoveSpec } from '../../../agent/protocol/move-spec.ts'
import type { Connection } from '../../../libvirt/client/connection.ts'
import type { ForecastInputs } from '../forecast/forecast-inputs.ts'
import type { PreflightContext } from '../preflight/check.ts'
import type { Depots } from '../relay/depots.ts'
import type { CopiedDisk } from '../storage/copied-disks.ts'
import type { VmOnHost } from '../vm/read-vm.ts'

/** A plan with everything that the hosts said about it. */
export interface Assembled extends PreflightContext {
  readonly domain: VmOnHost
  readonly disks: readonly CopiedDisk[]
  readonly route: Route | null
  /** Where the destination's QEMU is to listen; null for libvirt's default, all addresses. */
  readonly listenAddress: string | null
  /** Mbit/s of the device by which the destination receives; null where it is not known. */
  readonly inMbps: number | null
  /** None where the technique wants none. */
  readonly depots: Depots
}

/** What an engine needs to work before the five calls. */
export interface Workplace {
  readonly move: Assembled
  openSource(signal: AbortSignal): Promise<Connection>
  openDestination(signal: AbortSignal): Promise<Connection>
  say(level: 'info' | 'warning', text: string): void
  /** Bytes of disks, beside the samples of the five calls. */
  onDiskProgress(done: number, total: number): void
  readonly signal: AbortSignal
}

/** One technique of moving a VM. */
export interface Engine {
  readonly technique: Technique
  /** What the technique itself asks of VM and hosts; beside the checks of preflight. */
  assess(move: Assembled): Promise<Finding[]>
  forecast(move: Assembled, inputs: ForecastInputs): Forecast
  /** Whatever must be there before the five calls. Takes back what it made itself when it fails or is aborted. */
  prepare(place: Workplace): Promise<void>
  /** What the conductor is to do. Holds secrets: memory only. */
  spec(move: Assembled, job: string): Promise<MoveSpec>
}
