/** What oRPC's websocket link needs of a socket, whatever carries it, and when it ends. */
export interface Channel extends Pick<WebSocket, 'addEventListener' | 'removeEventListener' | 'send' | 'readyState'> {
  /** Resolves when the channel is gone, by either side; never rejects. */
  readonly closed: Promise<void>
  close(): void
}

/** Opens a channel; rejects with {@link Refused} when trying again is useless, with any other error when it is not. */
export type Dial = (signal: AbortSignal) => Promise<Channel>

/** The far side will not have this page again. The message is a sentence for the reader. */
export class Refused extends Error {
  override readonly name = 'Refused'
}
