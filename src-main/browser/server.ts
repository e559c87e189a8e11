import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { joinWires, type Wire } from '../base/wire.ts'
import { readPageFile } from '../base/page-files.ts'
import { securityHeaders } from '../base/page-policy.ts'
import { Sessions } from './sessions.ts'
import { socketWire } from './socket-wire.ts'

/** Close codes that the page understands; see src-renderer/backend/socket.ts. */
const sessionUnknown = 4401
const ownerGone = 4503

/** Milliseconds for which a WebSocket may stay without presenting a session. */
const patienceMs = 5000
/** WebSockets that may be without a session at a time. */
const strangersLimit = 16
/** Bytes of the body of POST /session, and of the first message. */
const secretLimit = 1024
/** Bytes of one message from the page; the largest are pastes into a console. */
const messageLimit = 16 * 1024 * 1024

export interface BrowserServerOptions {
  /** 0 takes a free one. */
  readonly port: number
  /** Folder of the built page. */
  readonly page: string
  /** A wire to the contract for one page. */
  connect(): Promise<Wire>
  /** For tests. */
  readonly sessions?: Sessions
}

export interface BrowserServer {
  readonly port: number
  /** A fresh address with a one-time token in its fragment, valid once and for 60 s. */
  createUrl(): string
  close(): Promise<void>
}

/**
 * The browser shell's server: the page, the swap of a token for a session, and the WebSocket. Bound to 127.0.0.1; a request under any other Host is refused,
 * so that no name that is rebound to this machine reaches it, and what changes anything must come from the page's own Origin.
 */
export async function openBrowserServer(options: BrowserServerOptions): Promise<BrowserServer> {
  const sessions = options.sessions ?? new Sessions()
  const sockets = new WebSocketServer({ noServer: true, maxPayload: messageLimit, perMessageDeflate: false })
  let host = ''
  let strangers = 0

  const server = createServer((request, response) => {
    void answer(request, response).catch(() => refuse(response, 500, 'failed'))
  })
  server.requestTimeout = 10_000

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.host !== host) return refuse(response, 421, 'wrong host')
    const { pathname } = new URL(request.url ?? '/', `http://${host}`)
    if (pathname === '/session') return swap(request, response)
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'wrong method')
    const file = await readPageFile(options.page, pathname)
    if (!file) return refuse(response, 404, 'not found')
    response.writeHead(200, { ...securityHeaders(`ws://${host}`), 'content-type': file.type, 'content-length': file.body.length })
    response.end(request.method === 'HEAD' ? undefined : file.body)
  }

  async function swap(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return refuse(response, 405, 'wrong method')
    if (request.headers.origin !== `http://${host}`) return refuse(response, 403, 'wrong origin')
    if (request.headers['content-type'] !== 'application/json') return refuse(response, 415, 'wrong type')
    const session = sessions.swap(tokenIn(await readBody(request)))
    if (!session) return refuse(response, 401, 'token unknown, used or too old')
    response.writeHead(200, { ...securityHeaders(null), 'content-type': 'application/json' })
    response.end(JSON.stringify({ session }))
  }

  server.on('upgrade', (request, socket, head) => {
    const isRight = request.headers.host === host && request.headers.origin === `http://${host}` && request.url === '/rpc'
    if (!isRight || strangers >= strangersLimit) {
      socket.end(`HTTP/1.1 ${isRight ? '503 Service Unavailable' : '403 Forbidden'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => meet(webSocket))
  })

  /** A stranger has five seconds to present a session; then its messages go to the owner of the profile. */
  function meet(socket: WebSocket): void {
    strangers++
    let isStranger = true
    const settle = () => {
      if (isStranger) strangers--
      isStranger = false
      clearTimeout(timer)
    }
    const timer = setTimeout(() => socket.close(sessionUnknown, 'no session'), patienceMs)
    socket.once('close', settle)
    socket.on('error', () => socket.terminate())
    socket.once('message', (data, isBinary) => {
      settle()
      const secret = isBinary ? '' : String(data)
      if (secret.length > secretLimit || !sessions.isSession(secret)) return socket.close(sessionUnknown, 'session unknown')
      options.connect().then(
        (wire) => {
          joinWires(socketWire(socket), wire)
          if (socket.readyState === socket.OPEN) socket.send('ready')
          else wire.close()
        },
        (thrown: unknown) => socket.close(ownerGone, shortReason(thrown)),
      )
    })
  }

  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  host = `127.0.0.1:${port}`
  return {
    port,
    createUrl: () => `http://${host}/#token=${sessions.createToken()}`,
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent) return void response.destroy()
  response.writeHead(status, { ...securityHeaders(null), 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
  response.end(reason)
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) {
    body += String(chunk)
    if (body.length > secretLimit) return ''
  }
  return body
}

function tokenIn(body: string): string {
  try {
    const { token } = JSON.parse(body) as { token?: unknown }
    return typeof token === 'string' ? token : ''
  } catch {
    return ''
  }
}

/** The reason of a close frame has at most 123 bytes. */
function shortReason(thrown: unknown): string {
  let reason = thrown instanceof Error ? thrown.message : 'Drover cannot be reached.'
  while (Buffer.byteLength(reason) > 123) reason = reason.slice(0, -1)
  return reason
}
