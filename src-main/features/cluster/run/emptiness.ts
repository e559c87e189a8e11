import type { Emptiness } from '../../../contract/run.ts'
import type { Hosts } from '../../host/hosts.ts'

/** Milliseconds that the host has to answer. */
const answerMs = 10_000

/** Asks the host itself which VMs it has, running or not. Never rejects: a host that cannot be asked is `null`. */
export async function askEmptiness(host: string, { hosts, now }: { readonly hosts: Pick<Hosts, 'session'>; readonly now: () => number }): Promise<Emptiness> {
  try {
    const { connection } = hosts.session(host)
    const { domains } = await connection.call('connectListAllDomains', { needResults: 1, flags: 0 }, { deadlineMs: answerMs })
    return { host, isEmpty: domains.length === 0, left: domains.map(({ name }) => name).sort(), at: now() }
  } catch {
    return { host, isEmpty: null, left: [], at: now() }
  }
}
