import type { ValueOf } from './codec.ts'
import { connectProcedures } from './procedures/connect.ts'
import { deviceProcedures } from './procedures/device.ts'
import { domainProcedures } from './procedures/domain.ts'
import { migrationProcedures } from './procedures/migration.ts'
import { nodeProcedures } from './procedures/node.ts'
import { programs, type StreamDirection } from './procedures/procedure.ts'
import { qemuProcedures } from './procedures/qemu.ts'
import { networkProcedures, secretProcedures, storageProcedures } from './procedures/storage.ts'

/**
 * Every call that Drover knows, under libvirt's own names (remote_protocol.x, qemu_protocol.x of libvirt 9.0 and 11.3).
 * Both ends are built on it: the client, and the simulated daemon.
 */
export const procedures = {
  ...connectProcedures,
  ...nodeProcedures,
  ...domainProcedures,
  ...deviceProcedures,
  ...migrationProcedures,
  ...storageProcedures,
  ...networkProcedures,
  ...secretProcedures,
  ...qemuProcedures,
}

export type Procedures = typeof procedures
export type ProcedureName = keyof Procedures
export type ArgsOf<N extends ProcedureName> = ValueOf<Procedures[N]['args']>
export type ResultOf<N extends ProcedureName> = ValueOf<Procedures[N]['result']>

/** Procedures that open a byte stream, and those that do not. */
export type StreamProcedureName = { [N in ProcedureName]: Procedures[N]['stream'] extends StreamDirection ? N : never }[ProcedureName]
export type PlainProcedureName = Exclude<ProcedureName, StreamProcedureName>

const names = new Map<string, ProcedureName>()
for (const [name, procedure] of Object.entries(procedures))
  names.set(`${programs[procedure.program]}:${procedure.number}`, name as ProcedureName)

/** How the far side finds what a frame calls; undefined where the table has no such procedure. */
export function procedureOf(program: number, number: number): ProcedureName | undefined {
  return names.get(`${program}:${number}`)
}
