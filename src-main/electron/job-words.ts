import type { Job } from '../contract/job.ts'
import type { Run } from '../contract/run.ts'

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

/** Of a run that has ended. */
export function runWords({ request, hostName, state }: Run): { title: string; body: string } {
  const what = { evacuate: `Evacuating ${hostName}`, return: `Bringing back the VMs of ${hostName}`, balance: 'Balancing the load', undo: 'Undoing a move' }[request.kind]
  const how = state.state !== 'done' || state.isCancelled ? 'was cancelled' : state.isComplete ? 'is done' : 'ended with something left'
  return { title: `${what} ${how}`, body: state.state === 'done' ? state.verdict : '' }
}

/** The question before quitting while moves run: what becomes of each depends on who drives it. A run begins nothing without Drover. */
export function quitWords(running: readonly Job[], runs: readonly Run[] = []): { message: string; detail: string } {
  const names = (driver: Job['driver']) =>
    running
      .filter((job) => job.driver === driver)
      .map(({ vmName, destinationName }) => `${vmName} to ${destinationName}`)
      .join(', ')
  const [first] = running
  const waiting = runs.reduce((sum, { rows }) => sum + rows.filter(({ state }) => state.state === 'waiting').length, 0)
  const message = running.length === 0 ? 'A run has not ended.' : running.length === 1 && first ? `${first.vmName} is being moved to ${first.destinationName}.` : `${running.length} moves are running.`
  const lines = [
    names('app') && `Driven by this program, and interrupted when it quits: ${names('app')}.`,
    waiting > 0 && `Waiting for their turn, which comes only when Drover is started again and told to go on: ${waiting} ${waiting === 1 ? 'VM' : 'VMs'}.`,
    names('agent') && `Driven by the agent on the source host, and going on without Drover: ${names('agent')}.`,
  ]
  return { message, detail: lines.filter(Boolean).join('\n') }
}
