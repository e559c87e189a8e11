/** Whether something may be done now; the reason is one sentence, shown on the disabled item. */
export type Availability = { readonly can: true } | { readonly can: false; readonly reason: string }

export const allowed: Availability = { can: true }

/** Refuses with a sentence. */
export function refused(reason: string): Availability {
  return { can: false, reason }
}

/**
 * Something that the user may ask for, bound to what it would act on. It knows whether it may run and, if not, why.
 * Menus, palette, keyboard and buttons all show the same object.
 */
export interface Command {
  /** Stable name, `noun.verb`. */
  readonly id: string
  readonly title: string
  /** Icon of the lucide collection, `i-lucide-…`. */
  readonly icon?: string
  /** What it acts on, for the palette (`web-1`, `3 VMs`). */
  readonly subject?: string
  /** Key chord as {@link matchesShortcut} reads it: `Ctrl+K`, `M`, `Shift+F10`, `?`. */
  readonly shortcut?: string
  /** Items of one group stand together, between dividers. */
  readonly group: string
  /** Shown last, after a divider. */
  readonly isDestructive?: boolean
  /** Extra words that the palette finds it by. */
  readonly keywords?: string
  readonly availability: Availability
  run(): void
}

/** A menu's order: groups in order of first appearance, destructive ones last; never an empty group. */
export function groupCommands(commands: readonly Command[]): Command[][] {
  const groups = new Map<string, Command[]>()
  for (const command of [...commands].sort((a, b) => Number(a.isDestructive ?? false) - Number(b.isDestructive ?? false))) {
    const name = `${command.isDestructive ? 'destructive ' : ''}${command.group}`
    const group = groups.get(name)
    if (group) group.push(command)
    else groups.set(name, [command])
  }
  return [...groups.values()]
}

/** Runs a command if it may; otherwise says why not through `explain`. */
export function runCommand(command: Command, explain: (reason: string) => void): void {
  if (command.availability.can) command.run()
  else explain(command.availability.reason)
}
