import { useRouter } from 'vue-router'
import { connectBackend } from '../backend.ts'
import { demoDialog } from '../features/demo/demo-dialogs.ts'
import { useDemoStore } from '../features/demo/demo-store.ts'
import { useTakeLab } from '../features/demo/take-lab.ts'
import { tourLab } from '../features/demo/tour-steps.ts'
import { useTourStore } from '../features/demo/tour-store.ts'
import { hostClusterCommands } from '../features/cluster/maintenance/host-cluster-commands.ts'
import { useHostCommands } from '../features/host/host-commands.ts'
import { hostDialog } from '../features/host/host-dialogs.ts'
import { useHostStore } from '../features/host/host-store.ts'
import { useSelectionStore } from '../features/inventory/selection-store.ts'
import { cancelJob, cancelRule } from '../features/job/job-actions.ts'
import { isDrawerOpen } from '../features/job/drawer-state.ts'
import { useJobStore } from '../features/job/job-store.ts'
import { orNotify } from '../features/settings/problem-of.ts'
import { useSettingsStore } from '../features/settings/settings-store.ts'
import { useVmCommands } from '../features/vm/vm-commands.ts'
import { useVmStore } from '../features/vm/vm-store.ts'
import { vmGlyph, vmStateWord } from '../features/vm/vm-words.ts'
import { allowed, refused, type Command } from '../ui/command/command.ts'
import { provideCommands } from '../ui/command/command-registry.ts'
import { isPaletteOpen, isSheetOpen, type PaletteEntry } from '../ui/command/palette.ts'

/** Offers what the selection allows, then what the window itself can do, to palette and keyboard. Call once, in the frame's setup. */
export function provideWindowCommands(): void {
  const router = useRouter()
  const selection = useSelectionStore()
  const settings = useSettingsStore()
  const jobs = useJobStore()
  const hosts = useHostStore()
  const demo = useDemoStore()
  const tour = useTourStore()
  const takeLab = useTakeLab()
  const vmCommands = useVmCommands()
  const hostCommands = useHostCommands()
  const make = (id: string, title: string, icon: string, run: () => void, over: Partial<Command> = {}): Command => ({ id: `window.${id}`, group: 'window', title, icon, availability: allowed, run, ...over })

  provideCommands(() => {
    if (selection.vms.length === 0) return []
    const home = selection.vms[0]?.host
    // With VMs selected, pasting means their host: that is where the user is.
    const paste = home === undefined ? [] : hostCommands(home).filter((command) => command.id === 'host.paste')
    return [...vmCommands(selection.vms), ...paste]
  })
  provideCommands(() => (selection.hosts.length === 1 ? hostCommands(selection.hosts[0] as string) : []))
  // Without a selection the palette still finds the way to empty any host by its name.
  provideCommands(() =>
    hosts.sorted
      .filter(({ record }) => !selection.hosts.includes(record.id) || selection.hosts.length > 1)
      .flatMap((host) => hostClusterCommands(host, router).filter(({ id }) => id === 'host.evacuate').map((command) => ({ ...command, id: `host.evacuate.${host.record.id}` }))),
  )
  provideCommands(() =>
    jobs.active.map((job) => ({ id: `job.cancel.${job.id}`, group: 'job', title: `Cancel moving ${job.vmName}`, icon: 'i-lucide-circle-x', subject: `to ${job.destinationName}`, availability: cancelRule(job), run: () => void cancelJob(job) })),
  )
  provideCommands(() => [
    make('connect', 'Connect a host…', 'i-lucide-plus', () => (hostDialog.value = { kind: 'connect' }), { keywords: 'add ssh new' }),
    make('board', 'Go to the board', 'i-lucide-layout-grid', () => void router.push('/')),
    make('history', 'Go to the history', 'i-lucide-history', () => void router.push({ name: 'history' }), { keywords: 'past moves' }),
    make('balance', 'Suggest a balance of the load', 'i-lucide-scale', () => void router.push({ name: 'plan', params: { kind: 'balance' } }), { keywords: 'drs even rebalance plan', availability: hosts.sorted.length > 1 ? allowed : refused('That takes two hosts.') }),
    make('undo-move', 'Undo the last move…', 'i-lucide-undo-2', () => void router.push({ name: 'plan', params: { kind: 'undo' } }), { keywords: 'move back revert' }),
    make('rules', 'Go to the placement rules', 'i-lucide-list-checks', () => void router.push({ name: 'rules' }), { keywords: 'affinity anti-affinity together apart tags priority' }),
    make('settings', 'Go to the settings', 'i-lucide-settings', () => void router.push({ name: 'settings' }), { keywords: 'preferences options' }),
    make('help', 'Go to the help', 'i-lucide-circle-help', () => void router.push({ name: 'help' }), { keywords: 'manual guide' }),
    make('keys', 'Show the keys', 'i-lucide-keyboard', () => (isSheetOpen.value = true), { shortcut: '?', keywords: 'keyboard shortcuts' }),
    make('palette', 'Search', 'i-lucide-search', () => (isPaletteOpen.value = true), { shortcut: 'Ctrl+K' }),
    make('filter', 'Filter hosts and VMs', 'i-lucide-list-filter', () => document.getElementById('inventory-filter')?.focus(), { shortcut: '/' }),
    make('tasks', isDrawerOpen.value ? 'Close the tasks' : 'Open the tasks', 'i-lucide-panel-bottom', () => (isDrawerOpen.value = !isDrawerOpen.value), { shortcut: 'Ctrl+J' }),
    make('theme', settings.isDark ? 'Switch to light' : 'Switch to dark', 'i-lucide-sun-moon', () => void settings.update({ theme: settings.isDark ? 'light' : 'dark' }), { keywords: 'theme appearance mode' }),
    ...demoCommands(make, demo, tour),
    ...(demo.demo || hosts.sorted.length === 0
      ? []
      : [
          make('demo-take', 'Take your lab with you', 'i-lucide-file-down', () => takeLab(false), { keywords: 'export demo twin save' }),
          make('demo-take-numbered', 'Take your lab with you, without names', 'i-lucide-file-down', () => takeLab(true), { keywords: 'export demo twin save anonymous' }),
        ]),
    ...(settings.info?.canStartLab ? labCommands(make, hosts.sorted.length > 0) : []),
  ])
}

type Make = (id: string, title: string, icon: string, run: () => void, over?: Partial<Command>) => Command

function demoCommands(make: Make, demo: ReturnType<typeof useDemoStore>, tour: ReturnType<typeof useTourStore>): Command[] {
  if (!demo.demo) return [make('demo-open', 'Open a demo lab…', 'i-lucide-theater', () => (demoDialog.value = 'labs'), { keywords: 'simulated twin teaching try' })]
  const { isPaused } = demo.demo
  const next = tour.step ? (tour.isLast ? 'End the guided tour' : 'Go on with the guided tour') : 'Start the guided tour'
  return [
    ...(demo.demo.lab.name === tourLab ? [make('demo-tour', next, 'i-lucide-presentation', () => tour.next(), { keywords: 'presenter stage show', ...(tour.step ? { shortcut: 'PageDown' } : {}) })] : []),
    make('demo-faults', 'Let something go wrong…', 'i-lucide-zap', () => (demoDialog.value = 'faults'), { keywords: 'fault crash cut slow demo' }),
    make('demo-pause', isPaused ? 'Go on with the demo lab' : 'Pause the demo lab', isPaused ? 'i-lucide-play' : 'i-lucide-pause', () => void demo.setPaused(!isPaused)),
    make('demo-leave', 'Leave the demo lab', 'i-lucide-log-out', () => demo.leave()),
  ]
}

function labCommands(make: Make, hasHosts: boolean): Command[] {
  const { client } = connectBackend()
  return [
    make('lab-start', 'Start a lab in a box', 'i-lucide-flask-conical', () => void orNotify('Start a lab in a box', () => client.host.startLab({ hosts: 3 })), { keywords: 'demo test hosts' }),
    make('lab-stop', 'Stop the lab in a box', 'i-lucide-flask-conical-off', () => void orNotify('Stop the lab in a box', () => client.host.stopLab()), { availability: hasHosts ? allowed : refused('No host is connected.') }),
  ]
}

/** Makes the places that the palette offers: hosts, VMs, moves. Call in setup; the answer when the palette opens. */
export function usePalettePlaces(): () => PaletteEntry[] {
  const router = useRouter()
  const hosts = useHostStore()
  const vms = useVmStore()
  const jobs = useJobStore()
  const selection = useSelectionStore()

  return () => [
    ...hosts.sorted.map((host): PaletteEntry => ({
      id: `host:${host.record.id}`, title: host.name, detail: 'host', glyph: host.connection.state, keywords: `${host.record.address} ${host.record.tags.join(' ')}`,
      run: () => {
        selection.only(`host:${host.record.id}`)
        void router.push({ name: 'host', params: { id: host.record.id } })
      },
    })),
    ...[...vms.vms].map(([key, vm]): PaletteEntry => ({
      id: `vm:${key}`, title: vm.name, detail: `${vmStateWord(vm.state)} on ${hosts.name(vm.ref.host)}`, glyph: vmGlyph(vm), keywords: `${vm.title ?? ''} ${vm.tags.join(' ')}`,
      run: () => {
        selection.only(`vm:${key}`)
        void router.push({ name: 'vm', params: { ...vm.ref } })
      },
    })),
    ...jobs.newestFirst.slice(0, 50).map((job): PaletteEntry => ({
      id: `job:${job.id}`, title: `Move of ${job.vmName}`, detail: `${job.sourceName} → ${job.destinationName}`, icon: 'i-lucide-arrow-right-left', run: () => void router.push({ name: 'job', params: { id: job.id } }),
    })),
  ]
}
