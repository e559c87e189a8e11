import type { RunSamples } from './run.ts'

/** One second of a run: `memory` KiB used by host, `links` bytes per second by `source>destination`. */
export interface RunSample {
  readonly t: number
  readonly memory: Readonly<Record<string, number>>
  readonly links: Readonly<Record<string, number>>
}

/** As columns: what a row does not mention is as it was (memory), or nothing (links). */
export function toRunColumns(rows: readonly RunSample[]): RunSamples {
  const hosts = [...new Set(rows.flatMap(({ memory }) => Object.keys(memory)))]
  const links = [...new Set(rows.flatMap((row) => Object.keys(row.links)))]
  return {
    t: rows.map(({ t }) => t),
    hosts: hosts.map((host) => {
      let last = 0
      return { host, memory: rows.map(({ memory }) => (last = memory[host] ?? last)) }
    }),
    links: links.map((key) => {
      const [source = '', destination = ''] = key.split('>')
      return { source, destination, throughput: rows.map((row) => row.links[key] ?? 0) }
    }),
  }
}
