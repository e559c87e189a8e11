import { bits } from '../wire/constants/names.ts'
import { migrateFlags, migrateParameters, type MigrateFlagName } from '../wire/constants/migrate.ts'
import type { TypedParameter } from '../wire/typed-parameter.ts'

/** Flags that a plan may ask for. Change protection is always on, and peer-to-peer and tunnelled moves are not driven from here. */
export type PlanFlag = Exclude<MigrateFlagName, 'changeProtection' | 'peerToPeer' | 'tunnelled'>

/** One managed move, in libvirt's terms. Holds domain XML (and so perhaps a VNC password): memory only. */
export interface MovePlan {
  readonly domain: { readonly name: string; readonly uuid: string }
  readonly flags: { readonly [F in PlanFlag]?: boolean }
  /** Under which name the domain lives on; default: its own. */
  readonly destinationName?: string
  /** Definition to use at the destination instead of the running one, within what libvirt allows to differ. */
  readonly destinationXml?: string
  readonly persistentXml?: string
  /** Where the source's QEMU connects to; default: what the destination's daemon answers, which is its own hostname. */
  readonly migrateUri?: string
  readonly graphicsUri?: string
  /** What the destination's QEMU listens on. */
  readonly listenAddress?: string
  /** Where copied storage goes, and its port. */
  readonly disksUri?: string
  readonly disksPort?: number
  /** Target names of the disks to copy; default: all that are neither shared nor read-only. */
  readonly migrateDisks?: readonly string[]
  /** MiB/s; 0 or absent is libvirt's default. */
  readonly bandwidthMiBps?: number
  readonly postcopyBandwidthMiBps?: number
  readonly compression?: {
    /** `xbzrle`, `mt`; with parallel connections `zlib`, `zstd`. */
    readonly methods: readonly string[]
    readonly xbzrleCacheBytes?: number
    readonly mtLevel?: number
    readonly mtThreads?: number
    readonly mtDthreads?: number
    readonly zlibLevel?: number
    readonly zstdLevel?: number
  }
  /** Percent of its CPU time that the guest loses at first, and then more each time. */
  readonly autoConverge?: { readonly initial?: number; readonly increment?: number }
  readonly parallelConnections?: number
  /** The name that the destination's certificate bears. */
  readonly tlsDestination?: string
}

/** The plan's flags out of libvirt's bits; what a plan cannot ask for is left out. */
export function planFlagsOf(union: number): MovePlan['flags'] {
  const flags: { [F in PlanFlag]?: boolean } = {}
  for (const [name, bit] of Object.entries(migrateFlags)) {
    if ((union & bit) !== 0 && name !== 'changeProtection' && name !== 'peerToPeer' && name !== 'tunnelled') flags[name as PlanFlag] = true
  }
  return flags
}

export function flagBits(flags: MovePlan['flags']): number {
  const names = Object.entries(flags).filter(([, isSet]) => isSet === true)
  return bits(
    migrateFlags,
    names.map(([name]) => name as PlanFlag),
  )
}

/** What only concerns the source (virDomainMigrateVersion3Full leaves the same out for the destination). */
export function destinationBits(union: number): number {
  return (union & ~(migrateFlags.abortOnError | migrateFlags.autoConverge)) >>> 0
}

type Field = (typeof migrateParameters)[keyof typeof migrateParameters]

/** The typed parameters of a move; the calls add to them as they learn more. */
export class MoveParameters {
  #parameters: readonly TypedParameter[]

  constructor(plan: MovePlan) {
    const { compression, autoConverge } = plan
    const of = migrateParameters
    this.#parameters = [
      ...text(of.destName, plan.destinationName),
      ...text(of.destXml, plan.destinationXml),
      ...text(of.persistXml, plan.persistentXml),
      ...text(of.uri, plan.migrateUri),
      ...text(of.graphicsUri, plan.graphicsUri),
      ...text(of.listenAddress, plan.listenAddress),
      ...text(of.disksUri, plan.disksUri),
      ...count(of.disksPort, 'int', plan.disksPort),
      ...(plan.migrateDisks ?? []).flatMap((disk) => text(of.migrateDisks, disk)),
      ...count(of.bandwidth, 'ullong', plan.bandwidthMiBps),
      ...count(of.bandwidthPostcopy, 'ullong', plan.postcopyBandwidthMiBps),
      ...(compression?.methods ?? []).flatMap((method) => text(of.compression, method)),
      ...count(of.compressionXbzrleCache, 'ullong', compression?.xbzrleCacheBytes),
      ...count(of.compressionMtLevel, 'int', compression?.mtLevel),
      ...count(of.compressionMtThreads, 'int', compression?.mtThreads),
      ...count(of.compressionMtDthreads, 'int', compression?.mtDthreads),
      ...count(of.compressionZlibLevel, 'int', compression?.zlibLevel),
      ...count(of.compressionZstdLevel, 'int', compression?.zstdLevel),
      ...count(of.autoConvergeInitial, 'int', autoConverge?.initial),
      ...count(of.autoConvergeIncrement, 'int', autoConverge?.increment),
      ...count(of.parallelConnections, 'int', plan.parallelConnections),
      ...text(of.tlsDestination, plan.tlsDestination),
    ]
  }

  get all(): readonly TypedParameter[] {
    return this.#parameters
  }

  /** Sets a field that occurs once. */
  replace(field: Field, value: string): void {
    this.#parameters = [...this.#parameters.filter((parameter) => parameter.field !== field), { field, type: 'string', value }]
  }

  has(field: Field): boolean {
    return this.#parameters.some((parameter) => parameter.field === field)
  }
}

function text(field: Field, value: string | undefined): TypedParameter[] {
  return value === undefined ? [] : [{ field, type: 'string', value }]
}

function count(field: Field, type: 'int' | 'ullong', value: number | undefined): TypedParameter[] {
  return value === undefined ? [] : [{ field, type, value }]
}
