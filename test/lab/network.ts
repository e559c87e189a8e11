import { Failure } from '../../src-main/base/failure.ts'
import { attempt, run } from './command.ts'

/** Where a lab sits: the machine is .1, host n is .(10+n), guests may take .100 and above. */
export interface LabNetwork {
  /** The third number of 10.77.x.0/24, and part of the name of the machine's interface. */
  readonly index: number
  readonly interfaceName: string
}

export function networkOf(index: number): LabNetwork {
  return { index, interfaceName: `dlab${index}` }
}

export function addressOf(network: LabNetwork, host: number): string {
  return `10.77.${network.index}.${10 + host}`
}

/**
 * Makes the cable between the machine and the lab whose init is `labInit`, on the first free subnet. The interface's name is the claim on the
 * subnet, so that labs started at the same moment cannot take the same one; the kernel removes both ends with the lab's namespace.
 */
export async function plugIn(labInit: number, signal?: AbortSignal): Promise<LabNetwork> {
  const taken = await routes(signal)
  const first = process.pid % 200
  for (let step = 0; step < 200; step++) {
    const network = networkOf(((first + step) % 200) + 1)
    const address = `10.77.${network.index}.1`
    if (taken.some((route) => overlaps(route, address))) continue
    const made = await attempt(['ip', 'link', 'add', network.interfaceName, 'type', 'veth', 'peer', 'name', 'up0', 'netns', String(labInit)], { signal })
    if (made.code !== 0) {
      if (/File exists/.test(made.stderr)) continue
      throw new Failure('lab-network', 'The network of the lab could not be made.', { evidence: made.stderr.trim() })
    }
    await run(['ip', 'addr', 'add', `${address}/24`, 'dev', network.interfaceName], { signal })
    await run(['ip', 'link', 'set', network.interfaceName, 'up'], { signal })
    await inLab(labInit, ['ip', 'link', 'set', 'up0', 'master', 'br0', 'up'], signal)
    return network
  }
  throw new Failure('lab-network', 'No subnet of 10.77.0.0/16 is free.', { next: 'End labs that are no longer needed with `npm run lab -- down`.' })
}

/** Takes the machine's end away at once; the kernel would do so a little later by itself. */
export async function unplug(interfaceName: string): Promise<void> {
  await attempt(['ip', 'link', 'del', interfaceName])
}

/** Runs a program in the lab's switch: its network namespace, with the cables `h1`, `h2`… of its hosts. */
export function inLab(labInit: number, argv: readonly string[], signal?: AbortSignal): Promise<string> {
  return run(['nsenter', '-t', String(labInit), '-n', '--', ...argv], { signal })
}

async function routes(signal?: AbortSignal): Promise<string[]> {
  const table = await run(['ip', '-4', 'route', 'show', 'table', 'all'], { signal })
  return table
    .split('\n')
    .map((line) => line.replace(/^(broadcast|local|unreachable|blackhole|prohibit) /, '').split(' ')[0] ?? '')
    .filter((destination) => /^\d/.test(destination))
}

/** Whether the /24 of `address` and the route have an address in common. */
function overlaps(route: string, address: string): boolean {
  const [network = '', length = '32'] = route.split('/')
  const shift = 32 - Math.min(Number(length), 24)
  return numeric(network) >>> shift === numeric(address) >>> shift
}

function numeric(address: string): number {
  return address.split('.').reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0)
}
