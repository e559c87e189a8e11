import type { Finding } from '../../../contract/migration.ts'
import type { Check } from './check.ts'
import { about } from './finding.ts'

const { error, warning } = about('state')

/** virDomainState of libvirt-domain.h. */
const shuttingDown = 4
const crashed = 6
const sleeping = 7

/** Whether the VM is in a state that can be moved, and nothing else is being done with it. */
export const job: Check = {
  subject: 'state',
  async run({ domain, source, plan, signal }) {
    const findings: Finding[] = []
    const { connection } = source.facts.session
    if (domain.isActive) {
      const { dom } = await connection.call('domainLookupByUuid', { uuid: plan.vm.uuid }, { signal })
      const { type } = await connection.call('domainGetJobInfo', { dom }, { signal })
      // virDomainJobType: 0 is none; 3 and more are ended ones.
      if (type === 1 || type === 2) findings.push(error('vm-busy', `libvirt is busy with ${domain.name} (a migration, a save or a dump).`, { next: 'Wait until that has ended.' }))
      if (domain.state === shuttingDown) findings.push(warning('vm-shutting-down', `${domain.name} is shutting down; it may be off before it arrives.`))
      if (domain.state === crashed) findings.push(error('vm-crashed', `${domain.name} has crashed.`))
      if (domain.state === sleeping) findings.push(error('vm-sleeping', `${domain.name} sleeps (S3); libvirt does not move it so.`, { next: 'Wake it up first.' }))
    }
    if (domain.hasManagedSave) {
      findings.push(error('managed-save', `${domain.name} has a saved state on ${source.name}, which does not move.`, { next: 'Start it, then move it running; or throw the saved state away.' }))
    }
    if (domain.snapshots) {
      findings.push(
        error('snapshots', `${domain.name} has ${domain.snapshots} ${domain.snapshots === 1 ? 'snapshot' : 'snapshots'}; libvirt does not move a VM with snapshots.`, {
          next: 'Delete them, or keep their metadata aside with virsh snapshot-dumpxml.',
        }),
      )
    }
    if (connection.isReadOnly) findings.push(error('source-read-only', `On ${source.name} you may only look.`, { next: 'Connect as a user in group libvirt.' }))
    return findings
  },
}
