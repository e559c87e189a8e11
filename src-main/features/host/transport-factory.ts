import type { PromptAnswer } from '../../contract/host.ts'
import type { Transport } from '../../transport/transport.ts'
import type { Question } from './prompts.ts'

/** What a transport may need while it opens. */
export interface OpenContext {
  ask(question: Question, signal: AbortSignal): Promise<PromptAnswer>
  report(step: string): void
  readonly signal: AbortSignal
}

/** Opens a transport by the scheme of its address; services choose which schemes there are. */
export type TransportFactory = (address: string, context: OpenContext) => Promise<Transport>
