import type { Finding, MoveOptions } from '../../../contract/migration.ts'
import { compareVersions } from '../../../libvirt/xml/machine-type.ts'
import { isRelayed, switchesEarly } from './relayed.ts'
import { needsMultifd, parallelConnectionsOf } from './plan-flags.ts'

/** What the hosts run, as `9.0.0`. */
export interface HostVersions {
  readonly name: string
  readonly libvirt: string
  readonly qemu: string
}

interface Need {
  readonly when: (options: MoveOptions) => boolean
  readonly what: string
  readonly libvirt: string
  readonly qemu: string
  readonly fix: { label: string; options: Partial<MoveOptions> }
}

/** First versions that have an option (libvirt's news.rst, QEMU's ChangeLog). */
const needs: readonly Need[] = [
  { when: (o) => switchesEarly(o.technique), what: 'Post-copy', libvirt: '1.3.3', qemu: '2.5.0', fix: { label: 'Use pre-copy', options: { technique: 'precopy' } } },
  { when: (o) => o.parallelConnections !== null, what: 'Parallel connections', libvirt: '5.2.0', qemu: '4.0.0', fix: { label: 'Use one connection', options: { parallelConnections: null } } },
  { when: (o) => needsMultifd(o.compression), what: 'Compression by zlib or zstd', libvirt: '9.4.0', qemu: '5.0.0', fix: { label: 'Do not compress', options: { compression: 'none' } } },
  { when: (o) => o.tls, what: 'Encryption by QEMU', libvirt: '3.2.0', qemu: '2.7.0', fix: { label: 'Do not encrypt', options: { tls: false } } },
]

/** Options that exclude each other, or that a host is too old for. */
export function checkOptions(options: MoveOptions, hosts: readonly HostVersions[]): Finding[] {
  if (options.technique === 'offline') return []
  // What they exclude is refused as a whole.
  const isMultifd = !isRelayed(options.technique) && parallelConnectionsOf(options) !== null
  const findings: Finding[] = []
  const clash = (code: string, message: string, label: string, change: Partial<MoveOptions>) =>
    findings.push({ code, severity: 'error', subject: 'options', message, fix: { kind: 'option', label, options: change } })
  for (const { when, what, libvirt, qemu, fix } of needs) {
    if (!when(options)) continue
    for (const host of hosts) {
      const isOld = isOlder(host.libvirt, libvirt) || isOlder(host.qemu, qemu)
      if (!isOld) continue
      findings.push({
        code: 'option-too-new',
        severity: 'error',
        subject: 'options',
        message: `${what} needs libvirt ${libvirt} and QEMU ${qemu}, and ${host.name} is older.`,
        evidence: `libvirt ${host.libvirt}, QEMU ${host.qemu}`,
        fix: { kind: 'option', ...fix },
      })
    }
  }
  const isPostcopy = switchesEarly(options.technique)
  // migrate_caps_check of QEMU's migration/options.c: multifd and xbzrle never, multifd and post-copy from QEMU 10.1 on.
  if (isMultifd && options.compression === 'xbzrle') clash('options-clash', 'xbzrle compresses a single stream; it cannot be used with parallel connections.', 'Do not compress', { compression: 'none' })
  if (isMultifd && isPostcopy && hosts.some(({ qemu }) => isOlder(qemu, '10.1.0'))) {
    clash('options-clash', 'QEMU before 10.1 cannot use parallel connections together with post-copy.', 'Use one connection', { parallelConnections: null, compression: 'none' })
  }
  return findings
}

function isOlder(version: string, than: string): boolean {
  return compareVersions(numbers(version), numbers(than)) < 0
}

function numbers(version: string): number[] {
  return version.split('.').map((part) => Number.parseInt(part, 10) || 0)
}
