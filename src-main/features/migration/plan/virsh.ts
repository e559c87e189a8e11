import type { MovePlan, Route } from '../../../contract/migration.ts'
import { parseAddress } from '../../../transport/address.ts'
import { quoteWord } from '../../../transport/quote.ts'
import { isRelayed, switchesEarly } from './relayed.ts'
import { parallelConnectionsOf } from './plan-flags.ts'
import { uriOf } from './migrate-uri.ts'

/** What the command line needs beside the plan. */
export interface VirshParts {
  readonly plan: MovePlan
  readonly vmName: string
  readonly isPersistent: boolean
  /** The hosts' addresses as the user keeps them. */
  readonly source: string
  readonly destination: string
  /** Of the destination, for the name in its certificate. */
  readonly hostname: string
  readonly route: Route | null
  readonly listenAddress: string | null
  /** Targets of the disks that are copied while the VM runs. */
  readonly copied: readonly string[]
  /** Disks of a VM that is off, as pool and volume, that are copied beforehand. */
  readonly volumes: readonly { readonly pool: string; readonly name: string; readonly format: string; readonly capacity: number }[]
}

/**
 * The plan as commands of virsh, quoted for a POSIX shell (virsh(1), migrate). Where virsh can only come close it says so in a comment: it switches to
 * post-copy by its own clock, and adjusted XML must be in a file.
 */
export function virshOf(parts: VirshParts): string {
  const { plan, vmName, isPersistent, route } = parts
  const { options } = plan
  const [from, to] = [connectUri(parts.source), connectUri(parts.destination)]
  const words = ['migrate', ...modeWords(options.technique)]
  if (isPersistent) words.push('--persistent')
  if (isPersistent && !options.keepSource) words.push('--undefinesource')
  if (options.technique !== 'offline') words.push(...liveWords(parts))
  if (options.eject.length > 0) words.push('--xml', `${vmName}.xml`)
  if (options.eject.length > 0 && isPersistent && options.technique !== 'offline') words.push('--persistent-xml', `${vmName}-persistent.xml`)
  if (parts.listenAddress && options.technique !== 'offline') words.push('--listen-address', parts.listenAddress)
  words.push('--change-protection', '--verbose', vmName, to)
  if (route) words.push(uriOf(route.address))
  const before = [
    ...(isRelayed(options.technique) ? ['# virsh moves it without the agents: ' + (options.technique === 'gang' ? 'what VMs have in common crosses for each of them' : 'the source is free only when the destination has everything')] : []),
    ...(options.eject.length > 0 ? [`# ${vmName}.xml: the definition without the media in ${options.eject.join(', ')}`] : []),
    ...(options.downtimeMs !== null && options.technique !== 'offline' ? [line(from, ['migrate-setmaxdowntime', vmName, String(options.downtimeMs)])] : []),
    ...parts.volumes.flatMap((volume) => copyLines(from, to, volume)),
  ]
  const after = options.technique === 'hybrid' && options.hybridSwitch.when === 'hand' ? [`# at the time of your choice: ${line(from, ['migrate-postcopy', vmName])}`] : []
  return [...before, line(from, words), ...after].join('\n')
}

function modeWords(technique: MovePlan['options']['technique']): string[] {
  if (technique === 'offline') return ['--offline']
  return !switchesEarly(technique) ? ['--live'] : ['--live', '--postcopy']
}

function liveWords({ plan: { options }, hostname, copied }: VirshParts): string[] {
  const words: string[] = []
  // The shortest that virsh waits is one second.
  if (options.technique === 'postcopy' || options.technique === 'scatter') words.push('--timeout', '1', '--timeout-postcopy')
  if (options.technique === 'hybrid' && options.hybridSwitch.when === 'time') words.push('--timeout', String(Math.max(1, Math.round(options.hybridSwitch.seconds))), '--timeout-postcopy')
  if (options.technique === 'hybrid' && options.hybridSwitch.when === 'forecast') words.push('--postcopy-after-precopy')
  if (options.storage === 'full') words.push('--copy-storage-all')
  if (options.storage === 'incremental') words.push('--copy-storage-inc')
  if (options.storage !== 'none') words.push('--migrate-disks', copied.join(','))
  if (options.autoConverge) words.push('--auto-converge')
  if (options.compression !== 'none') words.push('--compressed', '--comp-methods', options.compression)
  const connections = parallelConnectionsOf(options)
  if (connections !== null) words.push('--parallel', '--parallel-connections', String(connections))
  if (options.bandwidthMiBps !== null) words.push('--bandwidth', String(options.bandwidthMiBps))
  if (options.bandwidthMiBps !== null && switchesEarly(options.technique)) words.push('--postcopy-bandwidth', String(options.bandwidthMiBps))
  if (options.tls) words.push('--tls', '--tls-destination', hostname)
  if (options.unsafe) words.push('--unsafe')
  return words
}

function copyLines(from: string, to: string, { pool, name, format, capacity }: VirshParts['volumes'][number]): string[] {
  return [
    line(to, ['vol-create-as', '--pool', pool, '--name', name, '--capacity', `${capacity}B`, '--format', format]),
    `${line(from, ['vol-download', '--pool', pool, name, '/dev/stdout'])} | ${line(to, ['vol-upload', '--pool', pool, name, '/dev/stdin'])}`,
  ]
}

function line(uri: string, words: readonly string[]): string {
  return ['virsh', '-c', uri, ...words].map(quoteWord).join(' ')
}

/** libvirt's URI of a host by its address here. */
export function connectUri(address: string): string {
  const parsed = parseAddress(address)
  if (parsed.scheme !== 'ssh') return 'qemu:///system'
  const user = parsed.user === null ? '' : `${encodeURIComponent(parsed.user)}@`
  const host = parsed.host.includes(':') ? `[${parsed.host}]` : parsed.host
  return `qemu+ssh://${user}${host}${parsed.port === null ? '' : `:${parsed.port}`}/system`
}
