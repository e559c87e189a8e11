import type { RunSamples } from '../../../../src-main/contract/run.ts'

export function noRunSamples(): RunSamples {
  return { t: [], hosts: [], links: [] }
}

/** Both, one after the other. A host or link that comes later, or is missing from a part, has zeros there: all columns are as long as `t`. */
export function joined(before: RunSamples, more: RunSamples): RunSamples {
  const zeros = (n: number) => Array.from({ length: n }, () => 0)
  const column = (a: readonly number[] | undefined, b: readonly number[] | undefined) => [...(a ?? zeros(before.t.length)), ...(b ?? zeros(more.t.length))]
  const hosts = [...new Set([...before.hosts, ...more.hosts].map(({ host }) => host))]
  const links = new Map([...before.links, ...more.links].map((link) => [`${link.source} ${link.destination}`, link]))
  const linkIn = (part: RunSamples, { source, destination }: { source: string; destination: string }) => part.links.find((link) => link.source === source && link.destination === destination)?.throughput
  return {
    t: [...before.t, ...more.t],
    hosts: hosts.map((host) => ({ host, memory: column(before.hosts.find((one) => one.host === host)?.memory, more.hosts.find((one) => one.host === host)?.memory) })),
    links: [...links.values()].map(({ source, destination }) => ({ source, destination, throughput: column(linkIn(before, { source, destination }), linkIn(more, { source, destination })) })),
  }
}
