import { ipcMain, type MessagePortMain, type WebContents } from 'electron'
import { Inbox, joinWires, type Message, type Wire } from '../base/wire.ts'
import { isPage } from './page.ts'

/** What the page is told; see src-renderer/backend/port.ts. */
const welcome = 'ready'
const farewell = 'closed'

/**
 * Takes the port that a page hands over, from the main frame of `drover://app/` only, and joins it to a wire of `connect`. One per page: a newer one, after a
 * reload or when the owner of the profile changed, ends the one before.
 */
export function acceptPorts(connect: () => Promise<Wire>): void {
  const current = new WeakMap<WebContents, Wire>()
  ipcMain.on('drover-port', (event) => {
    const [port] = event.ports
    const frame = event.senderFrame
    if (!port) return
    if (!frame || frame !== event.sender.mainFrame || !isPage(frame.url)) return port.close()
    current.get(event.sender)?.close()
    const wire = portWire(port)
    current.set(event.sender, wire)
    connect().then(
      (served) => {
        wire.send(welcome)
        joinWires(wire, served)
      },
      () => wire.close(),
    )
  })
}

function portWire(port: MessagePortMain): Wire {
  const inbox = new Inbox()
  port.on('message', ({ data }: { data: unknown }) => {
    if (typeof data === 'string' || data instanceof Uint8Array) inbox.receive(data)
  })
  port.on('close', () => inbox.close())
  port.start()
  return {
    send: (message: Message) => {
      if (!inbox.isClosed) port.postMessage(message)
    },
    onDidReceive: inbox.onDidReceive,
    onDidClose: inbox.onDidClose,
    close() {
      if (inbox.isClosed) return
      port.postMessage(farewell)
      inbox.close()
      port.close()
    },
  }
}
