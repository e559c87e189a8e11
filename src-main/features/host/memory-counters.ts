import type { Connection } from '../../libvirt/client/connection.ts'

/** Memory counters of the host by libvirt's names (`total`, `free`, `buffers`, `cached`), KiB. Rejects as a call does. */
export async function memoryCounters(connection: Connection, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const ask = (nparams: number) => connection.call('nodeGetMemoryStats', { nparams, cellNum: -1, flags: 0 }, { signal })
  const { nparams } = await ask(0)
  const { params } = await ask(nparams)
  return new Map(params.map(({ field, value }) => [field, value]))
}
