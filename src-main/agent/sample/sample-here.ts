import { randomInt } from 'node:crypto'
import { Connection } from '../../libvirt/client/connection.ts'
import { connectUnix, findLibvirtSocket } from '../libvirt-socket.ts'
import type { SharingEstimate } from './estimate-sharing.ts'
import { readResidents, type ResidentReading, type ResidentsRead } from './read-residents.ts'
import { samplePages, type SampledVm } from './sample-pages.ts'

const deadlineMs = 25_000

/** {@link samplePages} over a connection of its own to this host's daemon. */
export function sampleHere(vms: readonly SampledVm[]): Promise<SharingEstimate> {
  return withDaemon(AbortSignal.timeout(deadlineMs), (connection) => samplePages(connection, vms, randomInt(2 ** 31)))
}

let before: Promise<unknown> = Promise.resolve()

/** {@link readResidents} over a connection of its own to this host's daemon; one at a time, so that several gangs that come here do not add up. */
export function readResidentsHere(reading: ResidentReading): Promise<ResidentsRead> {
  const turn = before.then(() => withDaemon(reading.signal, (connection) => readResidents(connection, reading)))
  before = turn.catch(() => {})
  return turn
}

async function withDaemon<T>(signal: AbortSignal, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.open(await connectUnix(await findLibvirtSocket(), signal), { signal })
  try {
    return await use(connection)
  } finally {
    connection.close()
  }
}
