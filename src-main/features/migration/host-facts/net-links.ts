import { isIP, isIPv4 } from 'node:net'

/** A network device of a host with its addresses. */
export interface NetLink {
  readonly name: string
  readonly isUp: boolean
  readonly mtu: number | null
  /** Mbit/s; null where the device has no speed of its own (bridges, tunnels) or is down. */
  readonly mbps: number | null
  /** The bridge or bond that it belongs to. */
  readonly master: string | null
  readonly addresses: readonly NetAddress[]
}

export interface NetAddress {
  readonly address: string
  readonly prefix: number
}

interface IpLink {
  readonly ifname?: unknown
  readonly flags?: unknown
  readonly mtu?: unknown
  readonly master?: unknown
  readonly addr_info?: unknown
}

/** Reads what `ip -j addr` says (iproute2, ip/ipaddress.c). Link-local addresses are left out: they mean nothing without their device. Empty for garbage. */
export function parseIpAddr(text: string): NetLink[] {
  let links: unknown
  try {
    links = JSON.parse(text)
  } catch {
    return []
  }
  if (!Array.isArray(links)) return []
  return (links as (IpLink | null)[]).flatMap((link) => {
    if (!link || typeof link.ifname !== 'string') return []
    const infos = Array.isArray(link.addr_info) ? (link.addr_info as ({ local?: unknown; prefixlen?: unknown; scope?: unknown } | null)[]) : []
    return [
      {
        name: link.ifname,
        isUp: Array.isArray(link.flags) && link.flags.includes('UP'),
        mtu: typeof link.mtu === 'number' ? link.mtu : null,
        mbps: null,
        master: typeof link.master === 'string' ? link.master : null,
        addresses: infos.flatMap((info) =>
          typeof info?.local === 'string' && typeof info.prefixlen === 'number' && info.scope !== 'link' && info.scope !== 'host'
            ? [{ address: info.local, prefix: info.prefixlen }]
            : [],
        ),
      },
    ]
  })
}

/** Reads `head -v` or `grep -H` lines of /sys/class/net/NAME/speed as `NAME/speed:VALUE`; the kernel says -1 where there is none. */
export function parseSpeeds(text: string): Map<string, number> {
  const speeds = new Map<string, number>()
  for (const line of text.split('\n')) {
    const found = /\/([^/]+)\/speed:(\d+)$/.exec(line.trim())
    if (found?.[1] && Number(found[2]) > 0) speeds.set(found[1], Number(found[2]))
  }
  return speeds
}

/** Whether the address lies in the network of `of`, such as 10.0.0.7 in 10.0.0.1/24. */
export function isInNetwork(address: string, of: NetAddress): boolean {
  if (isIP(address) === 0 || isIP(address) !== isIP(of.address)) return false
  const length = isIPv4(address) ? 32 : 128
  const shift = BigInt(length - Math.min(length, Math.max(0, of.prefix)))
  return bits(address) >> shift === bits(of.address) >> shift
}

function bits(address: string): bigint {
  if (isIPv4(address)) return address.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
  const plain = address.split('%')[0] ?? ''
  // The last 32 bits may be written as IPv4.
  const mapped = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(plain)
  const text = mapped ? `${mapped[1]}${(bits(mapped[2] ?? '') >> 16n).toString(16)}:${(bits(mapped[2] ?? '') & 0xffffn).toString(16)}` : plain
  const [left = '', right] = text.split('::')
  const head = left === '' ? [] : left.split(':')
  const tail = right === undefined || right === '' ? [] : right.split(':')
  const groups = right === undefined ? head : [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail]
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group || '0'}`), 0n)
}
