import type { Session } from './session.ts'
import type { Terminal } from './terminal.ts'

/** What every command gets. `signal` aborts at the Ctrl-C that nothing else takes. */
export interface Command {
  readonly session: Session
  readonly terminal: Terminal
  readonly signal: AbortSignal
  /** Takes Ctrl-C from now on, instead of the signal, until the returned function is called. */
  onInterrupt(take: () => void): () => void
}
