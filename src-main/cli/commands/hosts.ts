import { isShutDown, type HostView } from '../../contract/host.ts'
import { readCluster, type ClusterView } from '../cluster-view.ts'
import { kib } from '../figures.ts'
import type { Command } from '../command.ts'
import { table } from '../table.ts'

/** `drover hosts`: what is connected, and how full. */
export async function listHosts({ session, terminal, signal }: Command): Promise<void> {
  const view = await readCluster(session, terminal, signal)
  const rows = [...view.hosts.values()].sort((a, b) => a.name.localeCompare(b.name))
  const text = table<HostView>(
    [
      { head: 'HOST', text: ({ name }) => name },
      { head: 'STATE', text: (host) => (isShutDown(host.connection) ? 'shut down' : host.record.maintenance ? 'maintenance' : host.connection.state) },
      { head: 'VMS', isFigure: true, text: (host) => known(view, host, String(vmsOn(view, host).length)) },
      { head: 'RUNNING', isFigure: true, text: (host) => known(view, host, String(vmsOn(view, host).filter(({ state }) => state === 'running').length)) },
      { head: 'CPU', isFigure: true, text: (host) => percent(view.hostLoad(host)?.cpu) },
      { head: 'MEMORY', isFigure: true, text: (host) => known(view, host, kib(view.hostLoad(host)?.memory ?? 0)) },
      { head: 'OF', isFigure: true, text: (host) => (host.facts ? kib(host.facts.memoryKiB) : '–') },
      { head: 'QEMU', text: (host) => host.facts?.hypervisorVersion ?? '–' },
      { head: 'ADDRESS', text: (host) => host.record.address },
    ],
    rows,
  )
  terminal.result(
    rows.length === 0 ? 'No hosts yet. Add one with “drover hosts add ADDRESS”.' : text,
    rows.map((host) => ({
      id: host.record.id,
      name: host.name,
      address: host.record.address,
      state: host.connection.state,
      problem: host.connection.state === 'offline' ? host.connection.problem : null,
      maintenance: host.record.maintenance,
      tags: host.record.tags,
      vms: vmsOn(view, host).length,
      memoryKiB: host.facts?.memoryKiB ?? null,
      usedKiB: view.hostLoad(host)?.memory ?? null,
      cpus: host.facts?.cpus ?? null,
      cpuPercent: cpuOf(view.hostLoad(host)?.cpu),
      libvirt: host.facts?.libvirtVersion ?? null,
      hypervisor: host.facts ? `${host.facts.hypervisor} ${host.facts.hypervisorVersion}` : null,
    })),
  )
}

/** `drover hosts add`: adds it and connects, asking what has to be asked. */
export async function addHost({ session, terminal, signal }: Command, address: string): Promise<void> {
  const client = await session.client(signal)
  const record = await client.host.add({ address })
  const view = await readCluster(session, terminal, signal)
  const host = view.host(record.id)
  terminal.result(`${host.name} is connected and has ${vmsOn(view, host).length} VMs.`, { id: record.id, name: host.name, address: record.address })
}

/** Of a host that has not been read nothing is known. */
function known(view: ClusterView, host: HostView, figure: string): string {
  return view.hostLoad(host) ? figure : '–'
}

function vmsOn(view: ClusterView, host: HostView) {
  return [...view.vms.values()].filter(({ ref }) => ref.host === host.record.id)
}

/** Hundredths of a percent as per cent. */
function cpuOf(hundredths: number | undefined): number | null {
  return hundredths === undefined ? null : Math.round(hundredths) / 100
}

function percent(hundredths: number | undefined): string {
  const value = cpuOf(hundredths)
  return value === null ? '–' : `${Math.round(value)} %`
}
