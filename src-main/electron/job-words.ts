import type { Job } from '../contract/job.ts'

/** Of a move that has ended, for the desktop's notification. */
export function endWords({ vmName, sourceName, destinationName, state }: Job): { title: string; body: string } {
  switch (state.state) {
    case 'succeeded':
      return { title: `${vmName} is on ${destinationName}`, body: `Moved from ${sourceName} in ${Math.max(1, Math.round(state.result.totalMs / 1000))} s.` }
    case 'failed':
      return { title: `${vmName} was not moved to ${destinationName}`, body: state.whereabouts?.verdict ?? state.problem.message }
    default:
      return { title: `The move of ${vmName} was cancelled`, body: `It was on its way from ${sourceName} to ${destinationName}.` }
  }
}

/** The question before quitting while moves run: what becomes of each depends on who drives it. */
export function quitWords(running: readonly Job[]): { message: string; detail: string } {
  const names = (driver: Job['driver']) =>
    running
      .filter((job) => job.driver === driver)
      .map(({ vmName, destinationName }) => `${vmName} to ${destinationName}`)
      .join(', ')
  const [first] = running
  const message = running.length === 1 && first ? `${first.vmName} is being moved to ${first.destinationName}.` : `${running.length} moves are running.`
  const lines = [
    names('app') && `Driven by this program, and interrupted when it quits: ${names('app')}.`,
    names('agent') && `Driven by the agent on the source host, and going on without Drover: ${names('agent')}.`,
  ]
  return { message, detail: lines.filter(Boolean).join('\n') }
}
