import type { WebSocket } from 'ws'
import { Inbox, type Wire } from '../base/wire.ts'

/** A wire over an open WebSocket. */
export function socketWire(socket: WebSocket): Wire {
  const inbox = new Inbox()
  socket.on('message', (data, isBinary) => inbox.receive(isBinary ? Uint8Array.from(data as Buffer) : String(data)))
  socket.on('close', () => inbox.close())
  if (socket.readyState !== socket.OPEN) inbox.close()
  return {
    send: (message) => {
      if (socket.readyState === socket.OPEN) socket.send(message)
    },
    onDidReceive: inbox.onDidReceive,
    onDidClose: inbox.onDidClose,
    close() {
      inbox.close()
      socket.close()
    },
  }
}
