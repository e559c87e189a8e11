import type { VmState } from '../../../src-main/contract/vm.ts'
import { vmStateWord } from './vm-words.ts'

/** libvirt's reasons by state (virDomainRunningReason and its siblings), as a person would say them. */
const reasons: Partial<Record<VmState, Readonly<Record<string, string>>>> = {
  running: {
    booted: 'started here',
    migrated: 'arrived by a move',
    restored: 'restored from its saved state',
    'from-snapshot': 'reverted to a snapshot',
    unpaused: 'resumed',
    'migration-canceled': 'a move was given up',
    'save-canceled': 'saving was given up',
    wakeup: 'woken up',
    crashed: 'goes on after a crash',
  },
  paused: {
    user: 'on request',
    save: 'while it is saved',
    dump: 'while its memory is dumped',
    ioerror: 'a disk failed to read or write',
    watchdog: 'its watchdog fired',
    'from-snapshot': 'reverted to a snapshot',
    'shutting-down': 'it is shutting down',
    snapshot: 'while a snapshot is taken',
    crashed: 'the guest crashed',
    'starting-up': 'it is starting up',
    'api-error': 'libvirt could not resume it after an error',
  },
  off: {
    shutdown: 'it shut down',
    destroyed: 'forced off',
    crashed: 'it crashed',
    migrated: 'it moved away',
    saved: 'its memory is saved',
    failed: 'it could not start',
    'from-snapshot': 'reverted to a snapshot',
    daemon: 'libvirt found it gone',
  },
  crashed: { panicked: 'the guest panicked' },
}

/** A state with its reason (`running: arrived by a move`); the bare state where the reason adds nothing. */
export function vmStateSentence(state: VmState, reason: string): string {
  const why = reasons[state]?.[reason]
  return why === undefined ? vmStateWord(state) : `${vmStateWord(state)}, ${why}`
}
