import type { MovePlan } from '../../libvirt/drive/plan.ts'
import { planFlagsOf } from '../../libvirt/drive/plan.ts'
import { migrateFlags } from '../../libvirt/wire/constants/migrate.ts'
import type { MoveSpec } from '../protocol/move-spec.ts'

/** The spec's flags with what its technique needs. */
export function flagsOf(spec: MoveSpec): number {
  // A resume is the conductor's own doing, and peer-to-peer and tunnelled moves are not driven from here.
  const asked = spec.flags & ~(migrateFlags.live | migrateFlags.postcopy | migrateFlags.postcopyResume | migrateFlags.offline | migrateFlags.peerToPeer | migrateFlags.tunnelled)
  if (spec.technique === 'offline') return (asked | migrateFlags.offline | migrateFlags.persistDest) >>> 0
  const postcopy = spec.technique === 'precopy' ? 0 : migrateFlags.postcopy
  return (asked | migrateFlags.live | postcopy) >>> 0
}

/** On loopback, with a port that Prepare chooses and names: the agents' local legs to QEMU. */
const localLeg = { migrateUri: 'tcp://127.0.0.1', listenAddress: '127.0.0.1' } as const

/** MiB/s before an immediate switch: what fills the sockets on the way by then is in the way of the device state, and so is downtime, on a slow link. */
const beforeSwitchMiBps = 8

/** A broken post-copy is carried on without the agents in its way. */
export function recoveryPlanOf({ relay: _, ...direct }: MoveSpec): MovePlan {
  return movePlanOf(direct)
}

/** The spec in the words of `libvirt/drive`. */
export function movePlanOf(spec: MoveSpec): MovePlan {
  const { limits, autoConverge } = spec
  const { migrateUri, listenAddress } = spec.relay ? localLeg : spec
  return {
    domain: spec.vm,
    flags: planFlagsOf(flagsOf(spec)),
    destinationName: spec.destinationName,
    ...given('destinationXml', spec.destinationXml),
    ...given('persistentXml', spec.persistentXml),
    ...given('migrateUri', migrateUri),
    ...given('graphicsUri', spec.graphicsUri),
    ...given('listenAddress', listenAddress),
    ...given('disksUri', spec.disksUri),
    ...given('disksPort', spec.disksPort),
    ...given('migrateDisks', spec.disks),
    ...given('bandwidthMiBps', spec.relay?.mode === 'scatter' ? Math.min(limits.bandwidthMiBps ?? beforeSwitchMiBps, beforeSwitchMiBps) : limits.bandwidthMiBps),
    ...given('postcopyBandwidthMiBps', limits.postcopyBandwidthMiBps),
    ...(spec.compression.length > 0 ? { compression: { methods: spec.compression } } : {}),
    ...(autoConverge ? { autoConverge: { ...given('initial', autoConverge.initial), ...given('increment', autoConverge.increment) } } : {}),
    ...given('parallelConnections', spec.parallelConnections),
    ...given('tlsDestination', spec.tlsDestination),
  }
}

function given<K extends string, T>(key: K, value: T | null): { [key in K]?: T } {
  return value === null ? {} : ({ [key]: value } as { [key in K]?: T })
}
