import type { VmState, VmView } from '../../../src-main/contract/vm.ts'

const states: Record<VmState, { readonly word: string; readonly glyph: string }> = {
  running: { word: 'running', glyph: 'running' },
  paused: { word: 'paused', glyph: 'paused' },
  suspended: { word: 'suspended by the guest', glyph: 'suspended' },
  incoming: { word: 'arriving', glyph: 'incoming' },
  postcopy: { word: 'running, fetching pages', glyph: 'moving' },
  'postcopy-failed': { word: 'stuck in post-copy', glyph: 'failed' },
  'shutting-down': { word: 'shutting down', glyph: 'stopping' },
  off: { word: 'off', glyph: 'off' },
  crashed: { word: 'crashed', glyph: 'failed' },
  saved: { word: 'saved', glyph: 'saved' },
  unknown: { word: 'state unknown', glyph: 'unknown' },
}

/** A VM's state in words. */
export function vmStateWord(state: VmState): string {
  return states[state].word
}

/** The shape for a VM: that of its state, or moving while a move is going on with it. */
export function vmGlyph(vm: Pick<VmView, 'state' | 'job'>): string {
  return vm.job !== null && vm.state === 'running' ? 'moving' : states[vm.state].glyph
}

/** Whether the VM executes, or would the moment that it is resumed. */
export function isLive(state: VmState): boolean {
  return state !== 'off' && state !== 'crashed' && state !== 'saved' && state !== 'unknown'
}
