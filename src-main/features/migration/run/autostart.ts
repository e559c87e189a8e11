import { messageOf } from '../../../base/failure.ts'
import type { HostDirectory } from '../../host/host-session.ts'
import type { Jobs } from '../../job/jobs.ts'
import type { OpenJob } from '../../job/open-job.ts'
import type { VmOnHost } from '../vm/read-vm.ts'

/** The journal's word for it: a restart of Drover in mid-move must not forget. */
const step = 'autostart'

/** libvirt leaves behind that a VM starts with its host; this notes that it did. */
export async function noteAutostart(job: OpenJob, domain: VmOnHost, parts: { jobs: Jobs; hosts: HostDirectory }, signal: AbortSignal): Promise<void> {
  if (!domain.isPersistent) return
  const { connection } = parts.hosts.session(job.view.plan.vm.host)
  const { isAutostart } = await connection.call('domainGetAutostart', { dom: domain.ref }, { signal })
  if (isAutostart) await parts.jobs.intend(job.id, step)
}

/** Has the VM start with its new host where it did with its old one. Never rejects: the move itself has succeeded. */
export async function carryAutostart(job: OpenJob, parts: { jobs: Jobs; hosts: HostDirectory }): Promise<void> {
  const { view } = job
  if (!(await parts.jobs.journal(job.id)).some((entry) => entry.step === step)) return
  try {
    const { connection } = parts.hosts.session(view.plan.destination)
    const { dom } = await connection.call('domainLookupByUuid', { uuid: view.plan.vm.uuid })
    await connection.call('domainSetAutostart', { dom, isAutostart: true })
    await parts.jobs.settle(job.id, step)
    job.say('info', `${view.vmName} starts with ${view.destinationName} now, as it did with ${view.sourceName}.`)
  } catch (thrown) {
    job.say('warning', `That ${view.vmName} starts with its host could not be carried over: ${messageOf(thrown)}`)
  }
}
