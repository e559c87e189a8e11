import { onScopeDispose, watch } from 'vue'
import { isShutDown, type HostConnection } from '../../../src-main/contract/host.ts'
import { announce } from '../../ui/live-region.ts'
import { dismissNotice, notify } from '../../ui/notice.ts'
import { hostDialog } from './host-dialogs.ts'
import { useHostStore } from './host-store.ts'

/** What a change of connection means to somebody who watches; null when it is nothing new. */
export function judgeConnection(before: HostConnection | undefined, after: HostConnection): 'failed' | 'lost' | 'shut-down' | 'back' | null {
  if (after.state === 'offline') {
    if (before === undefined || before.state === 'offline') return null
    // It went as it was asked to. One that was off already when Drover began is no news.
    if (isShutDown(after)) return after.seenAt === null ? null : 'shut-down'
    if (before.state === 'online') return 'lost'
    // A host that was seen before fails to come back again and again; only the first failure ever, and what a person must settle, are news.
    return after.seenAt === null || after.retryAt === null ? 'failed' : null
  }
  return after.state === 'online' && before !== undefined && before.state !== 'online' ? 'back' : null
}

/** Tells when a host is lost, cannot be connected, or is there. Call once, in the frame's setup. */
export function useHostNotices(): void {
  const hosts = useHostStore()
  let seen = new Map<string, HostConnection>()
  const shown = new Map<string, number>()
  /** What was told of a host since it was last there: its next tries fail alike, and that is no news. */
  const told = new Map<string, string>()
  const stop = watch(
    () => hosts.version,
    () => {
      for (const host of hosts.hosts.values()) {
        const { connection, record } = host
        const news = judgeConnection(seen.get(record.id), connection)
        if (news === 'back') {
          announce(`${host.name} is online.`)
          told.delete(record.id)
          dismissNotice(shown.get(record.id) ?? -1)
        }
        if (news === 'shut-down' && connection.state === 'offline' && told.get(record.id) !== connection.problem.message) {
          told.set(record.id, connection.problem.message)
          shown.set(record.id, notify({ tone: 'success', title: `${host.name} has shut down` }))
        }
        if (news === 'lost' && connection.state === 'offline') shown.set(record.id, notify({ tone: 'warning', title: `${host.name} was lost`, problem: connection.problem }))
        if (news === 'failed' && connection.state === 'offline' && told.get(record.id) !== connection.problem.message) {
          told.set(record.id, connection.problem.message)
          const details = { label: 'Details', run: () => (hostDialog.value = { kind: 'problem', host: record.id }) }
          shown.set(record.id, notify({ tone: 'error', title: `${host.name} could not be connected`, problem: connection.problem, actions: [details] }))
        }
      }
      seen = new Map([...hosts.hosts].map(([id, host]) => [id, host.connection]))
    },
    { immediate: true },
  )
  onScopeDispose(stop)
}
