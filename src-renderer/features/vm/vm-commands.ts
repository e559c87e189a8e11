import { useRouter } from 'vue-router'
import { vmKey, type VmCommand, type VmRef, type VmView } from '../../../src-main/contract/vm.ts'
import { connectBackend } from '../../backend.ts'
import { allowed, refused, type Availability, type Command } from '../../ui/command/command.ts'
import { askConfirmation } from '../../ui/confirm.ts'
import { formatCount } from '../../ui/format.ts'
import { announce } from '../../ui/live-region.ts'
import { useHostStore } from '../host/host-store.ts'
import { useMoveIntentStore } from '../migration/move-intent-store.ts'
import { openMoveDialog } from '../migration/use-move-dialog.ts'
import { orNotify } from '../settings/problem-of.ts'
import { commandRule, hostRule, moveRule } from './vm-rules.ts'
import { isLive } from './vm-words.ts'
import { useVmStore } from './vm-store.ts'

interface Entry {
  readonly command: VmCommand
  readonly title: string
  readonly icon: string
  readonly group: string
  readonly keywords?: string
  readonly isDestructive?: boolean
}

const entries: readonly Entry[] = [
  { command: 'start', title: 'Start', icon: 'i-lucide-play', group: 'power', keywords: 'boot power on' },
  { command: 'shutdown', title: 'Shut down', icon: 'i-lucide-power', group: 'power', keywords: 'stop power off acpi' },
  { command: 'reboot', title: 'Reboot', icon: 'i-lucide-rotate-cw', group: 'power', keywords: 'restart' },
  { command: 'suspend', title: 'Suspend', icon: 'i-lucide-pause', group: 'power', keywords: 'pause freeze' },
  { command: 'resume', title: 'Resume', icon: 'i-lucide-step-forward', group: 'power', keywords: 'continue unpause' },
  { command: 'autostart-on', title: 'Start with the host', icon: 'i-lucide-alarm-clock-check', group: 'autostart', keywords: 'autostart on enable' },
  { command: 'autostart-off', title: 'Do not start with the host', icon: 'i-lucide-alarm-clock-off', group: 'autostart', keywords: 'autostart off disable' },
  { command: 'force-off', title: 'Force off…', icon: 'i-lucide-plug-zap', group: 'power', keywords: 'kill destroy pull the plug', isDestructive: true },
]

/** Makes the commands of VMs. Call in setup; the answer may be called whenever a menu opens, and in a computed. */
export function useVmCommands(): (refs: readonly VmRef[]) => Command[] {
  const vms = useVmStore()
  const hosts = useHostStore()
  const intents = useMoveIntentStore()
  const router = useRouter()

  /** Allowed if any VM may; otherwise the first reason, with the name when there are several. */
  function anyOf(list: readonly VmView[], rule: (vm: VmView) => Availability): { able: VmView[]; availability: Availability } {
    const judged = list.map((vm) => ({ vm, verdict: rule(vm) }))
    const able = judged.filter(({ verdict }) => verdict.can).map(({ vm }) => vm)
    if (able.length > 0) return { able, availability: allowed }
    const first = judged[0]
    if (!first || first.verdict.can) return { able, availability: refused('No VM is selected.') }
    return { able, availability: list.length === 1 ? first.verdict : refused(`${first.vm.name}: ${first.verdict.reason}`) }
  }

  async function send(list: readonly VmView[], entry: Entry): Promise<void> {
    if (entry.command === 'force-off' && !(await confirmForceOff(list))) return
    await Promise.all(
      list.map(async (vm) => {
        const title = `${entry.title.replace('…', '')} ${vm.name}`
        const isDone = await orNotify(title, async () => (await connectBackend().client.vm.command({ vm: vm.ref, command: entry.command }), true))
        if (isDone) announce(`${title}: accepted.`)
      }),
    )
  }

  return (refs) => {
    const list = refs.map((ref) => vms.get(ref)).filter((vm) => vm !== undefined)
    const [first] = list
    if (!first) return []
    const subject = list.length === 1 ? first.name : formatCount(list.length, 'VM')
    const where = (vm: VmView) => hosts.hosts.get(vm.ref.host)
    const make = (id: string, group: string, title: string, icon: string, availability: Availability, run: () => void, over: Partial<Command> = {}): Command => ({
      id: `vm.${id}`, group, title, icon, subject, availability, run, ...over,
    })
    const single = list.length === 1 ? allowed : refused('Select one VM only.')
    const open = (query: Record<string, string>) => void router.push({ name: 'vm', params: { host: first.ref.host, uuid: first.ref.uuid }, query })
    const move = anyOf(list, (vm) => moveRule(vm, where(vm), hosts.hosts.size))
    const moving = move.able.map((vm) => vm.ref)

    const power = entries
      .filter((entry) => !entry.command.startsWith('autostart') || list.some((vm) => vm.hasAutostart === (entry.command === 'autostart-off')))
      .map((entry) => {
        const { able, availability } = anyOf(list, (vm) => commandRule(entry.command, vm, where(vm)))
        return make(entry.command, entry.group, entry.title, entry.icon, availability, () => void send(able, entry), {
          ...(entry.keywords && { keywords: entry.keywords }),
          ...(entry.isDestructive && { isDestructive: true }),
        })
      })
    return [
      make('open', 'open', 'Open', 'i-lucide-square-arrow-out-up-right', single, () => open({}), { shortcut: 'Enter', keywords: 'page details' }),
      make('console', 'open', 'Open console', 'i-lucide-square-terminal', single.can ? consoleRule(first, where(first)) : single, () => open({ tab: 'console' }), { keywords: 'serial vnc screen' }),
      make('move', 'move', 'Move to…', 'i-lucide-arrow-right-left', move.availability, () => openMoveDialog({ vms: moving }), { shortcut: 'M', keywords: 'migrate live' }),
      ...(list.length > 1 ? [make('gang', 'move', 'Move as a gang…', 'i-lucide-boxes', gangRule(list, move.availability), () => openMoveDialog({ vms: moving, isGang: true }), { shortcut: 'G', keywords: 'together deduplicate several at once rack' })] : []),
      make('cut', 'move', 'Cut, to paste on a host', 'i-lucide-scissors', move.availability, () => {
        intents.begin('cut', moving)
        announce(`${subject} cut. Go to a host and press Ctrl V to move there, or Escape to give up.`)
      }, { shortcut: 'Ctrl+X' }),
      ...power,
    ]
  }
}

/** A gang is of running VMs, two at least. */
function gangRule(list: readonly VmView[], move: Availability): Availability {
  if (!move.can) return move
  return list.filter((vm) => isLive(vm.state)).length > 1 ? allowed : refused('A gang takes two running VMs.')
}

/** The console wants a device and a VM that is on. */
function consoleRule(vm: VmView, host: Parameters<typeof hostRule>[0]): Availability {
  if (!vm.console.hasSerial && !vm.console.hasVnc) return refused(vm.console.hasSpice ? 'It has only a SPICE display.' : 'It has neither a serial console nor a VNC display.')
  if (vm.state === 'off' || vm.state === 'crashed' || vm.state === 'saved') return refused('It is off.')
  return hostRule(host)
}

function confirmForceOff(list: readonly VmView[]): Promise<boolean> {
  const names = list.map((vm) => vm.name).join(', ')
  const subject = list.length === 1 ? names : formatCount(list.length, 'VM')
  return askConfirmation({
    title: `Force off ${subject}?`,
    lines: [
      `This pulls the power plug of ${names}. The guest is not asked, and what it had not written to disk is lost.`,
      'Shut down asks the guest to end by itself.',
    ],
    action: `Force off ${subject}`,
    isDestructive: true,
  })
}

/** The key under which the selection holds a VM. */
export function vmSelectionKey(ref: VmRef): string {
  return `vm:${vmKey(ref)}`
}
