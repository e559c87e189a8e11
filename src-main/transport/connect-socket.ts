import { connect, type Socket } from 'node:net'

/** Connects to a socket from this machine. Rejects with the system's error, or the signal's reason. The caller destroys the socket. */
export function connectSocket(
  target: { path: string } | { host: string; port: number; family?: 4 | 6 },
  signal?: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const socket = 'path' in target ? connect(target.path) : connect(target)
    const settle = () => {
      signal?.removeEventListener('abort', onAbort)
      socket.off('connect', onConnect)
      socket.off('error', onError)
    }
    const onConnect = () => {
      settle()
      // Whoever holds the stream hears of errors; where nobody listens they must not end the program.
      socket.on('error', () => {})
      resolve(socket)
    }
    const onError = (error: Error) => {
      settle()
      socket.destroy()
      reject(error)
    }
    const onAbort = () => {
      settle()
      socket.on('error', () => {})
      socket.destroy()
      reject(signal?.reason)
    }
    socket.once('connect', onConnect)
    socket.once('error', onError)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** What went wrong with a connection, in one line: Node hides the reasons of several addresses in an AggregateError without a message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
