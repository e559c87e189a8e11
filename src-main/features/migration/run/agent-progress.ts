import { DisposableStore, type Disposable } from '../../../base/disposable.ts'
import type { AgentLink } from '../../host/agent/agent-link.ts'
import type { OpenJob } from '../../job/open-job.ts'

const steps = {
  probing: 'Looking for the agent on',
  'uploading-agent': 'Bringing the agent to',
  'uploading-node': 'Bringing Node.js for the agent to',
  starting: 'Starting the agent on',
} as const

/** Lets the job's log tell what is done to have agents on its hosts: the first time on a host that may take a minute. */
export function tellAgentProgress(job: OpenJob, links: readonly { readonly name: string; readonly link: Pick<AgentLink, 'onDidProgress'> }[]): Disposable {
  const subscriptions = new DisposableStore()
  for (const { name, link } of links) {
    let last = ''
    subscriptions.add(
      link.onDidProgress(({ step, totalBytes }) => {
        if (step === last) return
        last = step
        // Probing is over before anybody could read of it.
        if (step !== 'probing') job.say('info', `${steps[step]} ${name}${totalBytes > 0 ? ` (${(totalBytes / 1e6).toFixed(1)} MB)` : ''}.`)
      }),
    )
  }
  return subscriptions
}
