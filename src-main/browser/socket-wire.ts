import type { WebSocket } from 'ws'
import { Inbox, type Wire } from '../base/wire.ts'

/** Bytes that may wait for a page that does not read, before it is given up. Subscriptions stay far below it; it bounds consoles. */
const waitingLimit = 64 * 1024 * 1024

/** A wire over an open WebSocket. */
export function socketWire(socket: WebSocket): Wire {
  const inbox = new Inbox()
  socket.on('message', (data, isBinary) => inbox.receive(isBinary ? Uint8Array.from(data as Buffer) : String(data)))
  socket.on('close', () => inbox.close())
  if (socket.readyState !== socket.OPEN) inbox.close()
  return {
    send: (message) => {
      if (socket.readyState !== socket.OPEN) return
      socket.send(message)
      if (socket.bufferedAmount > waitingLimit) socket.terminate()
    },
    onDidReceive: inbox.onDidReceive,
    onDidClose: inbox.onDidClose,
    close() {
      inbox.close()
      socket.close()
    },
  }
}
