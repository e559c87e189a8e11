import { Refused, type Channel } from './channel.ts'

const storageKey = 'drover-session'
/** Close codes of serve.ts. */
const sessionUnknown = 4401
const ownerGone = 4503

/** The one-time token of the address, taken out of it as soon as this module loads, so that it stays in no history and no screenshot. */
const token = takeToken()

function takeToken(): string | null {
  const found = /^#token=([\w-]+)$/.exec(globalThis.location?.hash ?? '')
  if (!found) return null
  history.replaceState(history.state, '', location.pathname + location.search)
  return found[1] ?? null
}

let swapped: Promise<void> | undefined

/** Swaps the token for the session's secret, once. A page that reloads has the secret already; another tab has neither. */
function swapToken(): Promise<void> {
  swapped ??= (async () => {
    if (!token) return
    const response = await fetch('/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) })
    if (response.ok) sessionStorage.setItem(storageKey, ((await response.json()) as { session: string }).session)
    else if (!sessionStorage.getItem(storageKey)) throw new Refused('This link was used before or is older than a minute. Drover prints a new one when you press Enter in its terminal.')
  })()
  swapped.catch((thrown: unknown) => {
    if (!(thrown instanceof Refused)) swapped = undefined
  })
  return swapped
}

/** Browser: a WebSocket to the server that the page came from. Its first message is the session's secret, which is never in an address. */
export async function dialSocket(signal: AbortSignal): Promise<Channel> {
  await swapToken()
  const secret = sessionStorage.getItem(storageKey)
  if (!secret) throw new Refused('This tab has no session. Open the link that Drover printed when it started; press Enter in its terminal for a new one.')
  const socket = new WebSocket(`ws://${location.host}/rpc`)
  socket.binaryType = 'arraybuffer'
  const closed = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve(), { once: true }))
  signal.addEventListener('abort', () => socket.close(), { once: true })
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => socket.send(secret), { once: true })
    socket.addEventListener('message', () => resolve(), { once: true })
    socket.addEventListener('close', (event) => {
      if (event.code === sessionUnknown) {
        sessionStorage.removeItem(storageKey)
        reject(new Refused('This session ended when Drover did. Open the link that Drover printed when it started again.'))
      } else reject(new Error(event.code === ownerGone ? event.reason : 'Drover does not answer.'))
    })
  })
  return Object.assign(socket, { closed })
}
