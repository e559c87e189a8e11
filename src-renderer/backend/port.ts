import type { Channel } from './channel.ts'

/** What main posts before it closes a port: not every Chromium tells a page that its port was closed. */
const farewell = 'closed'
/** What main posts when it has taken the port. */
const welcome = 'ready'
const patienceMs = 20_000

/**
 * Electron: the page makes a channel and posts one end of it, for a port cannot cross the context bridge. The preload script forwards it to main, which
 * answers with a welcome once it serves it.
 */
export function dialPort(signal: AbortSignal): Promise<Channel> {
  const { port1: port, port2 } = new MessageChannel()
  const target = new EventTarget()
  let readyState: WebSocket['readyState'] = WebSocket.CONNECTING
  return new Promise((resolve, reject) => {
    const { promise: closed, resolve: end } = withResolvers<void>()
    const close = () => {
      if (readyState === WebSocket.CLOSED) return
      readyState = WebSocket.CLOSED
      clearTimeout(timer)
      port.close()
      target.dispatchEvent(new Event('close'))
      end()
      reject(new Error('Drover closed the connection.'))
    }
    const timer = setTimeout(close, patienceMs)
    signal.addEventListener('abort', close, { once: true })
    port.addEventListener('close', close)
    port.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (event.data === farewell) return close()
      if (event.data !== welcome) return void target.dispatchEvent(new MessageEvent('message', { data: event.data }))
      clearTimeout(timer)
      readyState = WebSocket.OPEN
      resolve({
        addEventListener: target.addEventListener.bind(target),
        removeEventListener: target.removeEventListener.bind(target),
        send: (data: unknown) => port.postMessage(data),
        get readyState() {
          return readyState
        },
        closed,
        close,
      })
    })
    port.start()
    window.postMessage('drover-port', location.origin, [port2])
  })
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => (resolve = settle))
  return { promise, resolve }
}
