import type { Duplex } from 'node:stream'
import { Pacer } from '../pages/pacer.ts'
import { PageSender } from '../pages/page-sender.ts'
import type { SenderStream } from '../pages/sender-stream.ts'
import type { GangSpec } from '../protocol/relay-spec.ts'
import type { GangHello } from './gang-role.ts'
import type { TunnelRoute } from '../tunnel/tunnel-client.ts'

/** Of another agent's answers. */
const answerMs = 15_000
/** A VM starts when the one before it has sent so much of its memory: they go through content that they share one after the other, and come to their ends one after the other. */
const startOffset = 0.03
/** A VM that does not get on, to its offset or through its switch, is not waited for any longer, in milliseconds. */
const patienceMs = 3000
/** Channels without a stream wait so long for the VMs that have not come yet, in milliseconds. */
const lingerMs = 60_000
const mebibyte = 1024 * 1024

/** How a gang reaches a destination's agent. */
export type DialChannel = (route: TunnelRoute, hello: GangHello) => Promise<Duplex>

interface Channel {
  readonly spec: GangSpec
  readonly route: TunnelRoute
  readonly sender: Promise<PageSender>
}

/** VMs that leave this host as a gang: they share a channel to each destination, a budget, and turns in starting and switching. */
export class Gang {
  readonly #dial: DialChannel
  readonly #onOver: () => void
  readonly #farewell: (route: TunnelRoute) => void
  readonly #channels = new Map<string, Channel>()
  readonly #pacer = new Pacer(() => void this.#regate())
  readonly #members: Set<number> = new Set()
  readonly #left = new Set<number>()
  /** Those that wait for their start, and the one that was let go last. */
  readonly #starting: SenderStream[] = []
  #leader: SenderStream | null = null
  readonly #waiting: SenderStream[] = []
  #switching = 0
  #lingering: NodeJS.Timeout | undefined

  /** `onOver`: all channels are closed and nobody is left. `farewell`: of a way that was this gang's alone. */
  constructor(dial: DialChannel, onOver: () => void, farewell: (route: TunnelRoute) => void = () => {}) {
    this.#dial = dial
    this.#farewell = farewell
    this.#onOver = onOver
  }

  join(spec: GangSpec): void {
    clearTimeout(this.#lingering)
    if (this.#members.size === 0) this.setBandwidth(spec.bandwidthMiBps)
    this.#left.delete(spec.vm)
    this.#members.add(spec.vm)
  }

  /** The last to leave closes the channels. */
  leave(spec: GangSpec): void {
    if (!this.#members.delete(spec.vm)) return
    this.#left.add(spec.vm)
    if (this.#members.size > 0) return
    if (this.#left.size >= spec.vms) this.#end()
    else this.#lingering = setTimeout(() => this.#end(), lingerMs)
  }

  /** MiB/s for all of the gang; null: unlimited. */
  setBandwidth(mebibytesPerSecond: number | null): void {
    this.#pacer.setRate(mebibytesPerSecond === null ? null : mebibytesPerSecond * mebibyte)
  }

  /** The channel to a VM's destination, which the first one opens. */
  async channel(spec: GangSpec, route: TunnelRoute): Promise<PageSender> {
    const known = this.#channels.get(spec.destination)
    const sender = await known?.sender.catch(() => null)
    if (sender?.isOpen) return sender
    const raced = this.#channels.get(spec.destination)
    if (raced && raced !== known) return raced.sender
    const channel: Channel = { spec, route, sender: this.#open(spec, route) }
    this.#channels.set(spec.destination, channel)
    const opened = await channel.sender
    for (const other of this.#channels.values()) await this.#introduce(channel, other)
    return opened
  }

  /** Lets a VM's stream begin in its turn, and switch in its turn. Its QEMU is attached already. */
  conduct(spec: GangSpec, stream: SenderStream): void {
    this.#start(stream)
    stream.onDidProgress((part) => {
      if (stream === this.#leader && part >= startOffset) this.#startNext()
      if (stream.isNearEnd) this.#queueForSwitch(spec, stream)
    })
  }

  async #open(spec: GangSpec, route: TunnelRoute): Promise<PageSender> {
    const link = await this.#dial(route, { role: 'gang', gang: spec.id, part: 'channel', storeMiB: spec.storeMiB, residentMiB: spec.residentMiB })
    return PageSender.open(link, { answerMs, pacer: this.#pacer })
  }

  /** Two destinations of one rack bring pages to each other, where there is a way between them. */
  async #introduce(one: Channel, other: Channel): Promise<void> {
    if (one === other || one.spec.rack === null || one.spec.rack !== other.spec.rack) return
    const [first, second] = await Promise.all([one.sender.catch(() => null), other.sender.catch(() => null)])
    if (!first?.isOpen || !second?.isOpen) return
    const wayTo = (to: Channel, from: Channel) => to.spec.reaches.find((reach) => reach.from === from.spec.destination)?.route
    const [there, back] = [wayTo(other, one), wayTo(one, other)]
    if (there) first.addPeer(second, { gang: one.spec.id, route: there })
    if (back) second.addPeer(first, { gang: one.spec.id, route: back })
  }

  #start(stream: SenderStream): void {
    if (!this.#leader) {
      this.#lead(stream)
      return
    }
    stream.hold()
    this.#starting.push(stream)
  }

  #lead(stream: SenderStream): void {
    this.#leader = stream
    stream.release()
    const next = () => {
      clearTimeout(timer)
      if (this.#leader === stream) this.#startNext()
    }
    const timer = setTimeout(next, patienceMs)
    void stream.ended.then(next)
  }

  #startNext(): void {
    this.#leader = null
    const next = this.#starting.shift()
    if (next) this.#lead(next)
  }

  /** So many at a time stand still: each then has the link to itself for what is left. The others run on until it is their turn. */
  #queueForSwitch(spec: GangSpec, stream: SenderStream): void {
    stream.enough()
    if (this.#switching >= spec.switching) {
      stream.hold()
      this.#waiting.push(stream)
      return
    }
    this.#switching += 1
    stream.release()
    let isOver = false
    const over = () => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      this.#switching -= 1
      const next = this.#waiting.shift()
      if (next) this.#queueForSwitch(spec, next)
    }
    const timer = setTimeout(over, patienceMs)
    void stream.ended.then(over)
  }

  async #regate(): Promise<void> {
    for (const { sender } of this.#channels.values()) (await sender.catch(() => null))?.regate()
  }

  #end(): void {
    clearTimeout(this.#lingering)
    this.#pacer.dispose()
    for (const { sender, route } of this.#channels.values()) {
      void sender.then((one) => one.close()).catch(() => {}).then(() => this.#farewell(route))
    }
    this.#channels.clear()
    this.#onOver()
  }
}

const gangs = new Map<string, Gang>()

/** The gang of that name on this host; the first VM makes it. */
export function gangOf(id: string, dial: DialChannel, farewell?: (route: TunnelRoute) => void): Gang {
  let gang = gangs.get(id)
  if (!gang) {
    const made = new Gang(
      dial,
      () => {
        if (gangs.get(id) === made) gangs.delete(id)
      },
      farewell,
    )
    gangs.set(id, (gang = made))
  }
  return gang
}
