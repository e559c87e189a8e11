import type { HostView } from '../../../src-main/contract/host.ts'
import type { Problem } from '../../../src-main/contract/problem.ts'
import type { VmView } from '../../../src-main/contract/vm.ts'

/** Where a console is. While it waits, it opens by itself as soon as it can. */
export type ConsoleState =
  | { readonly kind: 'waiting'; readonly reason: string }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  | { readonly kind: 'ended'; readonly reason: string; readonly evidence?: string }
  | { readonly kind: 'failed'; readonly problem: Problem }

/** Why a console cannot be opened now; null when it can. */
export function consoleWait(vm: VmView | undefined, host: HostView | undefined): string | null {
  if (!vm) return 'The VM is not here any more. Its console follows it.'
  if (!host || host.connection.state !== 'online') return `${host?.name ?? 'Its host'} is not connected. The console opens when it is back.`
  switch (vm.state) {
    case 'off':
    case 'crashed':
    case 'saved':
      return 'The VM is off. The console opens when it starts.'
    case 'incoming':
      return 'The VM is just arriving. The console opens when it is here.'
    default:
      return null
  }
}

/** What becomes of a console whose far side is gone: it waits where it will come back by itself, and leaves the choice where it might be unwelcome. */
export function afterClose(problem: Problem | null, wasOpen: boolean, wait: string | null, vm: VmView | undefined): ConsoleState {
  if (problem?.code === 'backend-lost') return { kind: 'waiting', reason: 'The window lost its connection to Drover. The console opens when it is back.' }
  if (wait !== null) return { kind: 'waiting', reason: wait }
  if (vm?.job != null) return { kind: 'waiting', reason: 'The VM is moving. Its console follows it.' }
  if (problem && !wasOpen) return { kind: 'failed', problem }
  // libvirt ends a console that was taken over, or whose VM ended, with an error of the stream that says neither.
  const evidence = problem?.evidence ?? problem?.message
  return { kind: 'ended', reason: 'The host closed the console: the VM ended, or somebody took the console over.', ...(evidence !== undefined && { evidence }) }
}

/** A console's state in a few words. */
export function consoleWord(state: ConsoleState): string {
  switch (state.kind) {
    case 'waiting':
      return 'Waiting'
    case 'connecting':
      return 'Connecting'
    case 'open':
      return 'Connected'
    case 'ended':
      return 'Closed'
    case 'failed':
      return state.problem.code === 'console-busy' ? 'In use' : 'Failed'
  }
}

/** The shape that goes with {@link consoleWord}. */
export function consoleGlyph(state: ConsoleState): string {
  return { waiting: 'queued', connecting: 'connecting', open: 'online', ended: 'offline', failed: 'failed' }[state.kind]
}
