import { readFileSync } from 'node:fs'

/** A line of /proc/net/tcp (Linux, net/ipv4/tcp_ipv4.c, get_tcp4_sock): ports of both ends, the state, and whose it is. */
interface SocketLine {
  readonly localPort: number
  readonly remotePort: number
  readonly isListening: boolean
  readonly uid: number
}

/** The sockets of a table of /proc/net that are bound to an IPv4 loopback address. */
export function loopbackSockets(table: string): SocketLine[] {
  const lines: SocketLine[] = []
  for (const line of table.split('\n').slice(1)) {
    const [, local, remote, state, , , , uid] = line.trim().split(/\s+/)
    // 127.0.0.0/8, its bytes in the order of an x86 or arm64 machine; in tcp6 the same mapped.
    const [address, port] = local?.split(':') ?? []
    if (!address || !port || !remote || uid === undefined || !/^(0{16}FFFF0000)?[0-9A-F]{6}7F$/.test(address)) continue
    lines.push({ localPort: parseInt(port, 16), remotePort: parseInt(remote.split(':')[1] ?? '0', 16), isListening: state === '0A', uid: Number(uid) })
  }
  return lines
}

function sockets(): SocketLine[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => {
    try {
      return loopbackSockets(readFileSync(path, 'utf8'))
    } catch {
      return []
    }
  })
}

/** Whose process dialled from `fromPort` to `toPort` on loopback; null where it cannot be told. */
export function ownerOfCaller(fromPort: number, toPort: number): number | null {
  return sockets().find((line) => line.localPort === fromPort && line.remotePort === toPort)?.uid ?? null
}

/** Whose process listens on a loopback port; null where nobody does. */
export function ownerOfListener(port: number): number | null {
  return sockets().find((line) => line.isListening && line.localPort === port)?.uid ?? null
}
