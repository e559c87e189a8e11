import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../src-main/base/failure.ts'
import { attempt, quoted, run } from './command.ts'
import { compiled } from './guest-image.ts'
import type { LabState } from './lab-state.ts'
import { LabPlaces } from './places.ts'
import { isAlive, processesUnder, type ProcessInfo, signalProcess } from './processes.ts'
import { until } from './waiting.ts'

/** How a host's cable behaves, the same in each direction. A host that is started again has a plain cable. */
export interface LinkShape {
  /** In bits a second, as tc writes it: `100mbit`, `1gbit`. */
  readonly rate?: string
  /** One way: `5ms`, `200us`. */
  readonly delay?: string
  /** Per cent of packets, 0 to 100. */
  readonly loss?: number
}

/** Takes the cable out of the lab's switch: nothing arrives any more, and no carrier is lost. */
export async function cutLink(state: LabState, host: number): Promise<void> {
  await inSwitch(state, ['ip', 'link', 'set', port(state, host), 'nomaster'])
}

export async function restoreLink(state: LabState, host: number): Promise<void> {
  await inSwitch(state, ['ip', 'link', 'set', port(state, host), 'master', 'br0'])
}

/**
 * Shapes a cable. A rate alone is tc's (tbf at both ends); delay and loss are a program's in the middle of the cable, since not every
 * kernel has netem. An empty shape is the plain cable.
 */
export async function shapeLink(state: LabState, host: number, shape: LinkShape): Promise<void> {
  const rate = bitsPerSecond(shape.rate)
  const delay = microseconds(shape.delay)
  const loss = millionths(shape.loss)
  await removeShape(state, host)
  if (delay > 0 || loss > 0) await insertWire(state, host, [rate, delay, loss])
  else if (rate > 0) {
    const burst = Math.max(65_536, Math.round(rate / 8 / 500))
    for (const [end, device] of ends(state, host)) {
      await run([...end, 'tc', 'qdisc', 'add', 'dev', device, 'root', 'tbf', 'rate', `${rate}bit`, 'burst', `${burst}b`, 'latency', '50ms'])
    }
  }
}

async function removeShape(state: LabState, host: number): Promise<void> {
  const running = wire(state, host)
  if (running) {
    signalProcess(running.pid, 'SIGKILL')
    await until(`The end of the wire of host ${host}`, () => !isAlive(running.pid, running.startTime))
    await inSwitch(state, ['ip', 'link', 'set', `h${host}`, 'master', 'br0'])
  }
  for (const [end, device] of ends(state, host)) {
    await attempt([...end, 'tc', 'qdisc', 'del', 'dev', device, 'root'])
    await attempt([...end, 'ip', 'link', 'set', device, 'gso_max_segs', '65535'])
  }
}

/** Puts the program between the cable and the switch: h1 — lab-wire — w1 — br0. */
async function insertWire(state: LabState, host: number, settings: readonly number[]): Promise<void> {
  const program = await compiled(join(import.meta.dirname, 'native/lab-wire.c'))
  const places = new LabPlaces(state.name)
  const script = join(places.root, `wire${host}.sh`)
  const log = join(places.root, `wire${host}.log`)
  const said = () => {
    try {
      return readFileSync(log, 'utf8')
    } catch {
      return ''
    }
  }
  rmSync(log, { force: true })
  const command = [program, `h${host}`, `w${host}`, ...settings.map(String)].map(quoted).join(' ')
  writeFileSync(script, `#!/bin/sh\nexec ${command} >${quoted(log)} 2>&1\n`, { mode: 0o700 })
  await inSwitch(state, ['ip', 'link', 'set', `h${host}`, 'nomaster'])
  // A packet is a packet: no offload may make one of many, or a loss of one would be a loss of forty.
  for (const [end, device] of ends(state, host)) await run([...end, 'ip', 'link', 'set', device, 'gso_max_segs', '1'])
  writeFileSync(places.control, `${script}\n`)
  await until(`The wire of host ${host}`, () => said().includes('carrying'), { deadlineMs: 10_000, evidence: said })
  await inSwitch(state, ['ip', 'link', 'set', `w${host}`, 'gso_max_segs', '1', 'master', 'br0', 'up'])
}

/** Both ends of a cable: how to run a program there, and the device's name. */
function ends(state: LabState, host: number): [string[], string][] {
  const lab = ['nsenter', '-t', String(state.init.pid), '-n', '-m', '--']
  return [
    [lab, `h${host}`],
    [[...lab, 'ip', 'netns', 'exec', `h${host}`], 'eth0'],
  ]
}

function inSwitch(state: LabState, argv: readonly string[]): Promise<string> {
  return run(['nsenter', '-t', String(state.init.pid), '-n', '--', ...argv])
}

function wire(state: LabState, host: number): ProcessInfo | null {
  return processesUnder(state.init.pid).find(({ argv, isZombie }) => !isZombie && argv[0]?.includes('/lab-wire-') === true && argv[1] === `h${host}`) ?? null
}

/** The device that stands for the host in the switch. */
function port(state: LabState, host: number): string {
  return wire(state, host) ? `w${host}` : `h${host}`
}

const rateUnits: Record<string, number> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 }
const timeUnits: Record<string, number> = { us: 1, ms: 1e3, s: 1e6 }

function bitsPerSecond(text: string | undefined): number {
  return quantity(text, rateUnits, '--rate', '100mbit')
}

function microseconds(text: string | undefined): number {
  return quantity(text, timeUnits, '--delay', '5ms')
}

function millionths(percent = 0): number {
  if (percent >= 0 && percent <= 100) return Math.round(percent * 10_000)
  throw new Failure('lab-link', `${percent} is no share of packets.`, { next: 'Give --loss in per cent, 0 to 100.' })
}

function quantity(text: string | undefined, units: Readonly<Record<string, number>>, option: string, example: string): number {
  if (text === undefined) return 0
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text) ?? []
  const factor = units[unit]
  if (factor !== undefined) return Math.round(Number(amount) * factor)
  throw new Failure('lab-link', `“${text}” cannot be understood.`, { next: `Give ${option} like ${example}.` })
}
