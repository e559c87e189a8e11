import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import type { Caller, Wire } from '../base/wire.ts'
import { receive } from './greeting.ts'
import { streamWire } from './stream-wire.ts'

export interface Listener {
  /** Stops listening and closes every connection. */
  close(): void
}

/** Listens for other processes of this profile. Only who holds the lock may call it: a socket file that is there is a dead owner's, and is replaced. */
export async function listen(path: string, options: { key: string; version: string; onCall: (wire: Wire, caller: Caller) => void }): Promise<Listener> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    const wire = streamWire(socket)
    void receive(wire, options.key, options.version).then((visitor) => {
      if (visitor?.want === 'call') options.onCall(wire, visitor.caller)
    })
  })
  const isFile = process.platform !== 'win32'
  if (isFile) rmSync(path, { force: true })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  if (isFile) chmodSync(path, 0o600)
  return {
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
