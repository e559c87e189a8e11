import type { ExecResult } from '../../transport/transport.ts'
import type { Daemon } from '../daemon/daemon.ts'
import type { Machine } from '../machine.ts'
import type { World } from '../world.ts'

const device = 'eno1'

function answer(stdout: string, code = 0, stderr = ''): ExecResult {
  return { code, signal: null, stdout, stderr }
}

/** What a simulated host answers to the commands that one looks at a host with. Everything else is not installed there. */
export function runCommand(daemon: Daemon, argv: readonly string[]): ExecResult {
  const { world, machine } = daemon
  const [program, ...words] = argv
  const last = words.at(-1) ?? ''
  switch (program) {
    case 'ip':
      return words.includes('route') ? answer(JSON.stringify([{ dst: last, dev: device, prefsrc: machine.address }])) : answer(JSON.stringify(links(machine)))
    case 'grep':
      return answer(`/sys/class/net/${device}/speed:${Math.round(machine.about.link.mbps)}\n`)
    case 'timeout':
      return probe(world, machine, words.at(-2) ?? '')
    case 'ping':
      return reaches(world, machine, last) ? answer('1 packets transmitted, 1 received\n') : answer('1 packets transmitted, 0 received\n', 1)
    case 'getent':
      return world.machineAt(last) ? answer(`${world.machineAt(last)?.address} STREAM ${last}\n`) : answer('', 2)
    case 'date':
      return answer(`${(Date.now() / 1000).toFixed(9)}\n`)
    case 'test':
      return answer('', isThere(machine, last) ? 0 : 1)
    case 'stat':
      return stat(machine, words)
    case 'sha256sum':
      return machine.files.has(last) ? answer(`${machine.files.get(last)}  ${last}\n`) : answer('', 1, `sha256sum: ${last}: No such file or directory\n`)
    case 'id':
      return answer('0\n')
    case 'rm':
      machine.states.delete(last)
      return answer('')
    case 'cat':
      return answer('', 1, `cat: ${last}: No such file or directory\n`)
    case 'sh':
      return words[1]?.includes('userfaultfd') ? answer('crw-rw-rw-\n') : agentCommand(daemon, words)
    case 'find':
      return answer('')
    default:
      return answer('', 127, `${program}: not found\n`)
  }
}

/** Where an upload of the user's puts the agent. */
const agentFolder = '/root/.cache/drover'

/** The scripts by which Drover looks for its agent: what it would need is there. */
function agentCommand({ machine, hasAgent }: Daemon, [, script = '', , agentName = '']: readonly string[]): ExecResult {
  const path = `${agentFolder}/${agentName}`
  if (script.includes('machine=')) {
    const lines = ['home=/root', 'machine=x86_64', 'node=v24.0.0', ...(machine.files.has(path) ? ['agent=yes'] : []), 'exec=yes', 'free=50000000']
    return answer(`${lines.join('\n')}\n`)
  }
  if (script.includes('echo absent')) return answer(hasAgent ? 'running\n' : machine.files.size > 0 ? 'uploaded\n' : 'absent\n')
  if (script.includes('rm -rf') && script.includes('.cache/drover')) {
    machine.files.clear()
    return answer('')
  }
  return answer('', 127, 'sh: not found\n')
}

function links(machine: Machine): unknown[] {
  return [
    { ifname: 'lo', flags: ['LOOPBACK', 'UP'], mtu: 65_536, operstate: 'UNKNOWN', addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8, scope: 'host' }] },
    { ifname: device, flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'], mtu: 1500, operstate: 'UP', addr_info: [{ family: 'inet', local: machine.address, prefixlen: 16, scope: 'global' }] },
  ]
}

function reaches(world: World, machine: Machine, address: string): boolean {
  const far = world.machineAt(address)
  return Boolean(far && !far.isDown && world.path(machine, far).every((link) => !link.isCut))
}

/** bash's words for a TCP connection to where nobody listens yet. */
function probe(world: World, machine: Machine, address: string): ExecResult {
  if (!world.machineAt(address)) return answer('', 1, `bash: ${address}: Name or service not known\n`)
  return reaches(world, machine, address) ? answer('', 1, 'bash: connect: Connection refused\n') : answer('', 124)
}

function isThere(machine: Machine, path: string): boolean {
  return machine.files.has(path) || machine.volumeAt(path) !== null || path === '/dev/urandom' || path === '/dev/random' || machine.pools.some(({ about }) => about.path === path)
}

function stat(machine: Machine, words: readonly string[]): ExecResult {
  const path = words.at(-1) ?? ''
  const found = machine.volumeAt(path)
  if (!found) return answer('', 1, `stat: cannot statx '${path}': No such file or directory\n`)
  if (words.includes('-f')) return answer(found.pool.about.shared ? 'nfs\n' : 'ext2/ext3\n')
  return answer(`${found.volume.path.length * 7919} ${found.volume.allocation} 1700000000\n`)
}
