import { implement } from '@orpc/server'
import type { HostCandidate, HostDetails } from '../../contract/host.ts'
import { hostContract } from '../../contract/host.ts'
import type { Caller } from '../../base/wire.ts'
import type { Agents } from './agents.ts'
import { readDetails } from './details.ts'
import type { Hosts } from './hosts.ts'
import type { Lab } from './lab.ts'

export interface HostRouterParts {
  readonly hosts: Hosts
  readonly agents: Agents
  readonly lab: Lab
  /** Entries of the user's ssh_config; services know where it is. */
  readonly candidates: () => Promise<readonly HostCandidate[]>
}

const never = new AbortController().signal

export function hostRouter({ hosts, agents, lab, candidates }: HostRouterParts) {
  const os = implement(hostContract).$context<Caller>()
  return {
    candidates: os.candidates.handler(async () => [...(await candidates())]),
    add: os.add.handler(({ input }) => hosts.add(input)),
    update: os.update.handler(({ input: { host, ...change } }) =>
      // A field that was not sent is left as it is.
      hosts.update(host, Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))),
    ),
    remove: os.remove.handler(({ input }) => hosts.remove(input.host)),
    answer: os.answer.handler(({ input }) => hosts.answer(input.host, input.prompt, input.answer)),
    reconnect: os.reconnect.handler(({ input }) => hosts.reconnect(input.host)),
    details: os.details.handler(async ({ input, signal = never }): Promise<HostDetails> => {
      const session = hosts.session(input.host)
      return readDetails(session, await agents.describe(input.host, signal), signal)
    }),
    removeAgentFiles: os.removeAgentFiles.handler(async ({ input, signal = never }) => ({ removed: await agents.removeFiles(input.host, signal) })),
    startLab: os.startLab.handler(({ input }) => lab.start(input.hosts)),
    stopLab: os.stopLab.handler(() => lab.stop()),
  }
}
