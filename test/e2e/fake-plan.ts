import { depotUses } from '../../src-main/contract/depot.ts'
import { moveOptions, type Verdict } from '../../src-main/contract/migration.ts'
import type { Obstacle, Plan, PlanHost, PlanRequest, PlanRow } from '../../src-main/contract/plan.ts'
import { vmKey, type VmView } from '../../src-main/contract/vm.ts'
import type { FakeCluster } from './fake-cluster.ts'
import { fakeDepots } from './fake-depots.ts'

const hostMemoryKiB = 128 * 1048576

function obstacleOf(vm: VmView, chosen: Obstacle['chosen']): Obstacle | null {
  if (vm.name !== 'cache' && vm.name !== 'scratch') return null
  const isDisk = vm.name === 'cache'
  return {
    problem: isDisk
      ? { code: 'device-assigned', message: 'The PCI device 0000:3b:00.0 of the host is assigned to it.', evidence: '<hostdev mode="subsystem" type="pci" managed="yes">', next: 'Detach the device in the guest, or move it off.' }
      : { code: 'vm-crashed', message: 'It has crashed, and its definition is not kept by the host.', next: 'Start it, or leave it.' },
    fix: null,
    choices: [
      { choice: 'copy-storage', effect: 'Its disks are copied along.', whyNot: isDisk ? 'its disks are shared already' : 'it does not run' },
      { choice: 'save-and-move', effect: 'Its memory is saved to disk, moved, and restored there.', whyNot: isDisk ? 'a device of the host cannot be saved' : 'it does not run' },
      { choice: 'shut-down-and-start', effect: 'The guest is asked to shut down, and is started on the other host.', whyNot: isDisk ? null : 'it does not run' },
      { choice: 'leave', effect: 'It stays, and the host is not empty.', whyNot: null },
    ],
    chosen,
  }
}

function subjects(cluster: FakeCluster, request: PlanRequest): VmView[] {
  const all = [...cluster.vms.values()]
  if (request.kind === 'evacuate') return all.filter((vm) => vm.ref.host === request.host && vm.state !== 'incoming')
  if (request.kind === 'return') return all.filter((vm) => vm.ref.host !== request.host && cluster.placements.some((one) => one.vm === vm.ref.uuid && one.from === request.host && one.kind === 'evacuate'))
  if (request.kind === 'undo') {
    const placement = request.placement === null ? cluster.placements[0] : cluster.placements.find(({ id }) => id === request.placement)
    return all.filter((vm) => vm.ref.uuid === placement?.vm)
  }
  return all.filter((vm) => vm.name === 'metrics' || vm.name === 'git')
}

/** A plan by script: every VM to the emptiest host, two at a time, ten seconds each. `share` of the rows are checked. */
export function fakePlan(cluster: FakeCluster, request: PlanRequest, share: number): Plan {
  const own = 'host' in request ? request.host : null
  const load = new Map<string, number>()
  const running = [...cluster.vms.values()].filter((vm) => vm.state !== 'off')
  for (const host of cluster.hosts.keys()) load.set(host, running.filter((vm) => vm.ref.host === host).reduce((sum, vm) => sum + vm.memoryKiB, 4 * 1048576))
  const before = new Map(load)
  const counts = new Map([...cluster.hosts.keys()].map((host) => [host, [...cluster.vms.values()].filter((vm) => vm.ref.host === host).length]))
  const countsBefore = new Map(counts)
  const excluded = (id: string) => {
    const host = cluster.hosts.get(id)
    if (host?.connection.state !== 'online') return `${id} is not connected.`
    if (id === own && request.kind === 'evacuate') return `${id} is being emptied.`
    return host.record.maintenance ? `${id} is in maintenance.` : null
  }
  const open = [...cluster.hosts.keys()].filter((host) => excluded(host) === null)
  let slot = 0
  const vms = subjects(cluster, request).sort((a, b) => b.memoryKiB - a.memoryKiB)
  const rows = vms.map((vm, index): PlanRow => {
    const edit = request.edits.find((one) => vmKey(one.vm) === vmKey(vm.ref))
    const obstacle = obstacleOf(vm, edit?.choice ?? 'leave')
    const decision = edit?.decision ?? 'move'
    const stays = decision !== 'move' || obstacle?.chosen === 'leave'
    const home = request.kind === 'return' ? request.host : request.kind === 'undo' ? cluster.placements.find((one) => one.vm === vm.ref.uuid)?.from : undefined
    const best = open.filter((host) => host !== vm.ref.host).sort((a, b) => (load.get(a) ?? 0) - (load.get(b) ?? 0))[0] ?? null
    const destination = stays ? null : (edit?.destination ?? home ?? best)
    const isOff = vm.state === 'off'
    const seconds = isOff ? 1 : 4 + vm.memoryKiB / 1048576
    const from = slot
    if (destination !== null) {
      if (vm.state !== 'off') {
        load.set(destination, (load.get(destination) ?? 0) + vm.memoryKiB)
        load.set(vm.ref.host, (load.get(vm.ref.host) ?? 0) - vm.memoryKiB)
      }
      counts.set(destination, (counts.get(destination) ?? 0) + 1)
      counts.set(vm.ref.host, (counts.get(vm.ref.host) ?? 0) - 1)
      slot += seconds / (request.perHost ?? 2)
    }
    const verdict: Verdict = stays && obstacle ? 'blocked' : destination === 'kvm3' ? 'warns' : 'fits'
    const technique = isOff ? 'offline' : (edit?.options?.technique ?? 'precopy')
    return {
      vm: vm.ref, name: vm.name, destination, how: destination === null ? 'stay' : isOff ? 'offline' : obstacle && obstacle.chosen !== 'copy-storage' && obstacle.chosen !== 'leave' ? obstacle.chosen : 'live',
      options: destination === null ? null : moveOptions.parse({ ...edit?.options, technique }), priority: vm.tags.includes('db') ? 'high' : 'normal', why: destination === null ? (obstacle ? obstacle.problem.message : 'You decided so.') : `${destination} has the most memory to spare.`,
      state: vm.state, memoryKiB: vm.memoryKiB, vcpus: vm.vcpus, decision, verdict, obstacle, isChecked: index < vms.length * share,
      findings: verdict === 'warns' && index < vms.length * share ? [{ code: 'machine-newer', severity: 'warning', subject: 'machine', message: 'A newer QEMU: moving back will not be possible with this machine type.' }] : [],
      forecast: destination === null ? null : { seconds: [seconds, seconds * 1.4], downtimeMs: [30, 90], converges: 'yes', bytes: [vm.memoryKiB * 900, vm.memoryKiB * 1300], dirtyRate: 4e6, bandwidth: 1.1e8, basis: 'its dirty rate of the last minute and a 1 Gbit/s link' },
      slot: destination === null ? null : [from, from + seconds],
    }
  })
  const hosts = [...cluster.hosts.values()].map((host): PlanHost => {
    const id = host.record.id
    const of = (memory: Map<string, number>, many: Map<string, number>) => ({ memoryKiB: memory.get(id) ?? 0, vcpus: (many.get(id) ?? 0) * 2, cpu: (many.get(id) ?? 0) * 0.7, vms: many.get(id) ?? 0 })
    const after = of(load, counts)
    return { host: id, name: host.name, memoryKiB: hostMemoryKiB, cpus: 32, before: of(before, countsBefore), after, headroomKiB: hostMemoryKiB - after.memoryKiB, isOver90: after.memoryKiB > 0.9 * hostMemoryKiB, excluded: excluded(id) }
  })
  const moving = rows.filter((row) => row.destination !== null)
  const end = Math.max(0, ...moving.map((row) => row.slot?.[1] ?? 0))
  return {
    request, checked: Math.min(moving.length, rows.filter((row) => row.isChecked).length), toCheck: moving.length, rows: [...moving, ...rows.filter((row) => row.destination === null)], hosts,
    links: moving.map((row) => ({ source: row.vm.host, destination: row.destination ?? '', mbps: 1000, moves: 1, bytes: row.forecast?.bytes ?? [0, 0] })),
    perHost: request.perHost ?? 2, perLink: request.perLink ?? 2, bandwidthMiBps: request.bandwidthMiBps, seconds: moving.length === 0 ? null : [end, end * 1.4], empties: request.kind === 'evacuate' && moving.length === rows.length, warnings: [],
    depots: planDepots(rows),
    offers: request.kind !== 'evacuate' ? [] : (['scatter', 'gang'] as const).map((technique) => ({
      technique, taken: moving.filter(({ options }) => options?.technique === technique).length, of: moving.filter(({ how }) => how === 'live').length, sourceFreeSeconds: technique === 'scatter' ? [9, 14] as [number, number] : null,
      promise: technique === 'scatter' ? 'kvm1 needs to stay up for this long; the VMs are complete when the plan is through.' : 'What the VMs have in common crosses once. With nothing in common it takes as long as pre-copy.', whyNot: null, replicas: null,
    })),
  }
}

function planDepots(rows: readonly PlanRow[]): Plan['depots'] {
  const scattered = rows.flatMap(({ vm, destination, options }) => (options?.technique === 'scatter' && destination !== null ? [{ vm, destination, options }] : []))
  const [first] = scattered
  return first ? { hosts: depotUses(scattered.map(fakeDepots)), given: first.options.depots, replicas: first.options.replicas } : null
}
