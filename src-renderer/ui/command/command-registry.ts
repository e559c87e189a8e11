import { computed, onScopeDispose, shallowReactive, type ComputedRef } from 'vue'
import type { Command } from './command.ts'

/** Answers the commands that make sense now; read reactively, so it must be cheap. */
export type CommandSource = () => readonly Command[]

const sources = shallowReactive(new Set<CommandSource>())

/** Adds commands to palette and keyboard for as long as the calling scope lives. */
export function provideCommands(source: CommandSource): void {
  sources.add(source)
  onScopeDispose(() => void sources.delete(source))
}

/** All commands of all sources; the first of an id wins. */
export function useCommands(): ComputedRef<Command[]> {
  return computed(() => {
    const all = new Map<string, Command>()
    for (const source of sources) for (const command of source()) if (!all.has(command.id)) all.set(command.id, command)
    return [...all.values()]
  })
}
