import { randomUUID } from 'node:crypto'
import type { HostView } from '../contract/host.ts'
import type { InventoryFrame } from '../contract/inventory.ts'
import { vmKey, type SampleColumns, type VmView } from '../contract/vm.ts'
import { answerPrompt } from './prompts.ts'
import { exitCodes, Stop } from './exit-code.ts'
import { onward, type Session } from './session.ts'
import type { Terminal } from './terminal.ts'

/** Figures of a VM or host: `cpu` in hundredths of a percent, `memory` in KiB. */
interface Load {
  readonly cpu: number
  readonly memory: number
}

/** Hosts and VMs as they were when every host had answered, or could not. */
export class ClusterView {
  readonly hosts = new Map<string, HostView>()
  readonly vms = new Map<string, VmView>()
  readonly #hostLoads = new Map<number, Load>()
  readonly #vmLoads = new Map<number, Load>()

  hostLoad(host: HostView): Load | undefined {
    return this.#hostLoads.get(host.n)
  }

  vmLoad(vm: VmView): Load | undefined {
    return this.#vmLoads.get(vm.n)
  }

  apply(frame: InventoryFrame): void {
    if (frame.isSnapshot) for (const map of [this.hosts, this.vms, this.#hostLoads, this.#vmLoads]) map.clear()
    for (const host of frame.hosts) this.hosts.set(host.record.id, host)
    for (const id of frame.removedHosts) this.hosts.delete(id)
    for (const vm of frame.vms) this.vms.set(vmKey(vm.ref), vm)
    for (const ref of frame.removedVms) this.vms.delete(vmKey(ref))
    take(this.#hostLoads, frame.hostSamples)
    take(this.#vmLoads, frame.vmSamples)
  }

  /** Online and polled once, so that all its VMs are known; or offline. */
  isSettled(host: HostView): boolean {
    const { state } = host.connection
    return state === 'offline' || (state === 'online' && this.#hostLoads.has(host.n))
  }

  /** By name, address or id. Rejects with `Stop` (4), or (5) where it is not online. */
  host(word: string): HostView {
    const found = [...this.hosts.values()].filter(({ name, record }) => name === word || record.id === word || record.label === word || record.address === word)
    const [host] = found
    if (!host) throw new Stop(exitCodes.unknown, `No host is called ${word}.`, { next: this.hosts.size === 0 ? 'Add one with “drover hosts add ADDRESS”.' : `There are: ${[...this.hosts.values()].map(({ name }) => name).join(', ')}.` })
    if (found.length > 1) throw new Stop(exitCodes.unknown, `Several hosts are called ${word}.`, { next: `Name one by its address: ${found.map(({ record }) => record.address).join(', ')}.` })
    if (host.connection.state !== 'online') {
      const problem = host.connection.state === 'offline' ? host.connection.problem : undefined
      throw new Stop(exitCodes.unreachable, `${host.name} is not connected.`, { ...(problem ? { evidence: problem.message } : {}) })
    }
    return host
  }

  /** By name or UUID, also as `HOST/VM`. Rejects with `Stop` (4). */
  vm(word: string): VmView {
    const slash = word.indexOf('/')
    const [on, name] = slash < 0 ? [null, word] : [word.slice(0, slash), word.slice(slash + 1)]
    const found = [...this.vms.values()].filter((vm) => vm.state !== 'incoming' && (vm.name === name || vm.ref.uuid === name) && (on === null || this.hosts.get(vm.ref.host)?.name === on))
    const [vm] = found
    const nameOf = ({ ref }: VmView) => this.hosts.get(ref.host)?.name ?? ref.host
    if (!vm) throw new Stop(exitCodes.unknown, `No VM is called ${word}.`, { next: '“drover vms” lists them.' })
    if (found.length > 1) throw new Stop(exitCodes.unknown, `${word} is on ${found.map(nameOf).join(' and on ')}.`, { next: `Name one as HOST/VM, such as ${nameOf(vm)}/${vm.name}.` })
    return vm
  }
}

function take(loads: Map<number, Load>, { n, cpu, memory }: SampleColumns): void {
  n.forEach((number, i) => loads.set(number, { cpu: cpu[i] ?? 0, memory: memory[i] ?? 0 }))
}

/** Reads the inventory until every host has answered or cannot be reached. Questions of connecting hosts are asked here; rejects with `Stop` (6) where nobody can be asked. */
export async function readCluster(session: Session, terminal: Terminal, signal: AbortSignal): Promise<ClusterView> {
  const view = new ClusterView()
  const answered = new Set<string>()
  let subscription = ''
  return session.follow<InventoryFrame, ClusterView>(
    (client, reading) => client.inventory.watch({ subscription: (subscription = randomUUID()) }, { signal: reading }),
    async (frame, client) => {
      view.apply(frame)
      void client.inventory.ack({ subscription, seq: frame.seq }).catch(() => {})
      for (const host of view.hosts.values()) {
        if (host.connection.state !== 'asking' || answered.has(host.connection.prompt.id)) continue
        answered.add(host.connection.prompt.id)
        const answer = await answerPrompt(host.connection.prompt, host.name, terminal, signal)
        await client.host.answer({ host: host.record.id, prompt: host.connection.prompt.id, answer })
      }
      const waiting = [...view.hosts.values()].filter((host) => !view.isSettled(host))
      if (waiting.length > 0) terminal.progress(`Connecting ${waiting.map(({ name }) => name).join(', ')} …`, waiting.map(({ name, connection }) => `${name}${connection.state}`).join())
      return waiting.length === 0 ? { done: true, value: view } : onward
    },
    signal,
  )
}
