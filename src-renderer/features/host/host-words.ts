import { isShutDown, type HostConnection, type HostView } from '../../../src-main/contract/host.ts'
import { formatAge } from '../../ui/format.ts'

/** A connection in a word. */
export function connectionWord(connection: HostConnection): string {
  switch (connection.state) {
    case 'connecting':
      return 'connecting'
    case 'asking':
      return 'waits for an answer'
    case 'online':
      return connection.isWritable ? 'online' : 'online, read-only'
    case 'offline':
      return isShutDown(connection) ? 'shut down' : 'offline'
  }
}

/** The sentence below a host that is not online: what is going on, or what went wrong and how old the data is. Empty when all is well. */
export function connectionDetail(connection: HostConnection, now: number): string {
  switch (connection.state) {
    case 'connecting':
      return connection.step
    case 'asking':
      return 'A question is waiting for your answer.'
    case 'online':
      return ''
    case 'offline':
      return connection.seenAt === null ? connection.problem.message : `${connection.problem.message} Data from ${formatAge(connection.seenAt, now)}.`
  }
}

/** Whether what is shown of the host is old. */
export function isStale(host: HostView): boolean {
  return host.connection.state !== 'online'
}
