import type { Finding } from '../../../contract/migration.ts'
import type { Check } from './check.ts'
import { about } from './finding.ts'
import { pathOf } from '../storage/copied-disks.ts'

/** Inserted CDs and floppies must be at the destination under the same path, or be taken out. */
export const media: Check = {
  subject: 'media',
  async run({ domain, plan, source, destination }) {
    const findings: Finding[] = []
    for (const drive of domain.live.devices.disks) {
      if (drive.device !== 'cdrom' && drive.device !== 'floppy') continue
      if (plan.options.eject.includes(drive.target)) continue
      const path = await pathOf(drive, source.facts)
      if (path === null) continue
      const { error, warning } = about(`drive ${drive.target}`)
      const fix = { kind: 'action', label: 'Eject', action: 'eject-media', argument: drive.target } as const
      if (drive.source.kind === 'block') {
        findings.push(warning('medium-device', `Drive ${drive.target} passes a drive of ${source.name} through.`, { evidence: path, fix }))
        continue
      }
      const seen = await destination.facts.exec(['test', '-e', path])
      if (seen === null || seen.code === 0) continue
      const isOptional = drive.startupPolicy === 'optional' || drive.startupPolicy === 'requisite'
      if (!(await destination.facts.volumeAt(path))) {
        findings.push((isOptional ? warning : error)('medium-missing', `${destination.name} does not have the medium in drive ${drive.target}.`, { evidence: path, fix }))
      }
    }
    return findings
  },
}
