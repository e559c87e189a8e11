import { Failure } from '../base/failure.ts'

/** What `drover` answers to the shell; documented in resources/guide/command-line.md. */
export const exitCodes = {
  done: 0,
  /** Something went wrong: a move failed, or the program itself. */
  failed: 1,
  /** The command line is not understood. */
  usage: 2,
  /** Both hosts were asked, and the move or the plan cannot be. */
  refused: 3,
  /** No host or VM of that name, or several. */
  unknown: 4,
  /** A host, or the Drover that holds the profile, cannot be reached. */
  unreachable: 5,
  /** A question has to be answered, and there is no terminal to ask it on. */
  unanswered: 6,
  /** Some VMs of a plan moved, others did not. */
  partly: 7,
  /** Ctrl-C. */
  cancelled: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Ends a command with a code of its own and a sentence for stderr. */
export class Stop extends Failure {
  readonly exit: ExitCode

  constructor(exit: ExitCode, sentence: string, about: { evidence?: string; next?: string } = {}) {
    super('stop', sentence, about)
    this.exit = exit
  }
}

/** The code that says best what was thrown. */
export function exitCodeOf(thrown: unknown): ExitCode {
  if (thrown instanceof Stop) return thrown.exit
  const code = codeOf(thrown)
  if (code === 'host-unknown' || code === 'vm-gone' || code === 'run-unknown' || code === 'nothing-to-plan') return exitCodes.unknown
  if (code === 'host-offline' || code.startsWith('owner-') || code === 'deadline') return exitCodes.unreachable
  if (code === 'plan-invalid' || code === 'plan-outdated' || code === 'run-clash' || code === 'move-running' || code === 'same-host') return exitCodes.refused
  return exitCodes.failed
}

/** Of a Failure of ours, or of a problem that came over the contract. */
function codeOf(thrown: unknown): string {
  if (thrown instanceof Failure) return thrown.code
  const data = thrown instanceof Error && 'data' in thrown ? thrown.data : undefined
  return typeof data === 'object' && data !== null && 'code' in data ? String(data.code) : ''
}
