import { Failure } from '../../src-main/base/failure.ts'
import { attempt } from './command.ts'
import { inLab } from './network.ts'
import type { LabState } from './lab-state.ts'

/** How a host's cable behaves, the same in each direction. */
export interface LinkShape {
  /** In bits a second, as tc writes it: `100mbit`, `1gbit`. */
  readonly rate?: string
  /** One way, as tc writes it: `5ms`. */
  readonly delay?: string
  /** Per cent of packets, 0 to 100. */
  readonly loss?: number
}

/** Takes the cable out of the lab's switch. */
export async function cutLink(state: LabState, host: number): Promise<void> {
  await inLab(state.init.pid, ['ip', 'link', 'set', `h${host}`, 'nomaster'])
}

export async function restoreLink(state: LabState, host: number): Promise<void> {
  await inLab(state.init.pid, ['ip', 'link', 'set', `h${host}`, 'master', 'br0'])
}

/** Shapes what leaves the switch towards the host at its cable's end there, and what leaves the host at the host's end. */
export async function shapeLink(state: LabState, host: number, shape: LinkShape): Promise<void> {
  const cable = `h${host}`
  const lab = String(state.init.pid)
  const ends = [
    ['nsenter', '-t', lab, '-n', '--', 'tc'],
    ['nsenter', '-t', lab, '-n', '-m', '--', 'ip', 'netns', 'exec', cable, 'tc'],
  ]
  for (const [index, end] of ends.entries()) {
    const device = index === 0 ? cable : 'eth0'
    await attempt([...end, 'qdisc', 'del', 'dev', device, 'root'])
    for (const qdisc of qdiscs(device, shape)) {
      const made = await attempt([...end, ...qdisc])
      if (made.code === 0) continue
      throw new Failure('lab-link', 'This kernel cannot shape a cable like that.', { evidence: made.stderr.trim(), next: 'Delay and loss need the kernel module sch_netem.' })
    }
  }
}

function qdiscs(device: string, { rate, delay, loss }: LinkShape): string[][] {
  const add = ['qdisc', 'add', 'dev', device]
  const netem = ['netem', 'limit', '20000', ...(delay ? ['delay', delay] : []), ...(loss ? ['loss', `${loss}%`] : [])]
  const isDelayed = delay !== undefined || (loss ?? 0) > 0
  const tbf = rate ? ['tbf', 'rate', rate, 'burst', '64kb', 'latency', '50ms'] : []
  if (rate && isDelayed) return [[...add, 'root', 'handle', '1:', ...netem], [...add, 'parent', '1:', 'handle', '2:', ...tbf]]
  if (rate) return [[...add, 'root', ...tbf]]
  return isDelayed ? [[...add, 'root', ...netem]] : []
}
