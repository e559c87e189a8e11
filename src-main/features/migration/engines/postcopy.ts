import type { Finding } from '../../../contract/migration.ts'
import { domainStates } from '../../../libvirt/wire/constants/domain-state.ts'
import { liveEngine } from './live-engine.ts'
import type { Assembled } from './engine.ts'

/** The VM runs at the destination at once, and fetches its memory while it runs. */
export const postcopy = liveEngine('postcopy', switchingFindings)

/** What a switch to post-copy asks of the VM itself. */
export function switchingFindings({ domain }: Assembled): Finding[] {
  const findings: Finding[] = []
  const usePrecopy = { kind: 'option', label: 'Use pre-copy', options: { technique: 'precopy' } } as const
  if (domain.state === domainStates.paused) {
    findings.push({
      code: 'postcopy-paused',
      severity: 'warning',
      subject: 'technique',
      message: `${domain.name} is paused, so post-copy gains nothing and only adds its risk.`,
      fix: usePrecopy,
    })
  }
  // postcopy_ram_supported_by_host of QEMU's migration/postcopy-ram.c.
  if (domain.live.memoryBacking?.isLocked) {
    findings.push({ code: 'postcopy-locked', severity: 'error', subject: 'technique', message: `The memory of ${domain.name} is locked, which post-copy excludes.`, fix: usePrecopy })
  }
  return findings
}
