import { useRouter } from 'vue-router'
import type { Command } from '../../ui/command/command.ts'
import { showCommandMenu } from '../../ui/command/command-menu.ts'
import { formatCount } from '../../ui/format.ts'
import { useHostCommands } from '../host/host-commands.ts'
import { useHostStore } from '../host/host-store.ts'
import { useVmCommands } from '../vm/vm-commands.ts'
import { useVmStore } from '../vm/vm-store.ts'
import { useSelectionStore, vmOfKey } from './selection-store.ts'

/** What tree and board do alike with the thing under the pointer or the keyboard: open its page, show its menu. */
export function useInventoryActions(): {
  commandsOf: (key: string) => { label: string; commands: Command[] }
  openPage: (key: string) => void
  openContextMenu: (key: string, event: MouseEvent | KeyboardEvent, anchor?: Element | null) => void
} {
  const router = useRouter()
  const selection = useSelectionStore()
  const hosts = useHostStore()
  const vms = useVmStore()
  const vmCommands = useVmCommands()
  const hostCommands = useHostCommands()

  function commandsOf(key: string): { label: string; commands: Command[] } {
    if (key.startsWith('vm:')) {
      const refs = selection.vms
      const label = refs.length === 1 ? (vms.get(vmOfKey(key))?.name ?? 'VM') : formatCount(refs.length, 'VM')
      return { label, commands: vmCommands(refs) }
    }
    return key.startsWith('host:') ? { label: hosts.name(key.slice(5)), commands: hostCommands(key.slice(5)) } : { label: '', commands: [] }
  }

  function openPage(key: string): void {
    if (key.startsWith('vm:')) void router.push({ name: 'vm', params: { ...vmOfKey(key) } })
    else if (key.startsWith('host:')) void router.push({ name: 'host', params: { id: key.slice(5) } })
  }

  function openContextMenu(key: string, event: MouseEvent | KeyboardEvent, anchor?: Element | null): void {
    if (!selection.keys.has(key)) selection.only(key)
    selection.lead = key
    const { label, commands } = commandsOf(key)
    if (commands.length > 0) showCommandMenu(label, commands, event, anchor)
    else event.preventDefault()
  }

  return { commandsOf, openPage, openContextMenu }
}
