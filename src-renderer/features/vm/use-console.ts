import { computed, onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import type { Problem } from '../../../src-main/contract/problem.ts'
import type { VmRef } from '../../../src-main/contract/vm.ts'
import { connectBackend } from '../../backend.ts'
import { announce } from '../../ui/live-region.ts'
import { useHostStore } from '../host/host-store.ts'
import { openConsole, type ConsoleKind, type ConsoleLine } from './console-line.ts'
import { afterClose, consoleWait, type ConsoleState } from './console-state.ts'
import { useVmStore } from './vm-store.ts'

export interface ConsoleScreen {
  onOpen?(): void
  onData(bytes: Uint8Array<ArrayBuffer>): void
  onClose?(problem: Problem | null): void
}

/**
 * Keeps a console of a VM open while the component lives: opens it when the VM can be seen, and again after it was off or its host away. What ended
 * while the VM goes on is opened again by hand only: it may have been taken over. Call in setup; nothing opens before `start`.
 */
export function useConsole(vm: VmRef, kind: ConsoleKind, screen: ConsoleScreen): {
  state: Readonly<Ref<ConsoleState>>
  start(takeOver?: boolean): void
  line: () => ConsoleLine | null
} {
  const vms = useVmStore()
  const hosts = useHostStore()
  const backend = connectBackend()
  const state = shallowRef<ConsoleState>({ kind: 'connecting' })
  const view = computed(() => vms.get(vm))
  const wait = computed(() => consoleWait(view.value, hosts.hosts.get(vm.host)))
  let line: ConsoleLine | null = null
  let wasStarted = false

  function start(takeOver = false): void {
    wasStarted = true
    line?.close()
    line = null
    if (wait.value !== null) return void (state.value = { kind: 'waiting', reason: wait.value })
    state.value = { kind: 'connecting' }
    const mine = (line = openConsole(backend.client, { vm, kind, takeOver }, {
      onOpen() {
        state.value = { kind: 'open' }
        screen.onOpen?.()
      },
      onData: (bytes) => screen.onData(bytes),
      onClose(problem) {
        if (line === mine) line = null
        state.value = afterClose(problem, state.value.kind === 'open', wait.value, view.value)
        screen.onClose?.(problem)
      },
    }))
  }

  watch([wait, () => view.value?.job ?? null], ([reason, job]) => {
    if (!wasStarted || line) return
    if (reason !== null) state.value = { kind: 'waiting', reason }
    else if (state.value.kind === 'waiting' && job === null) start()
  })
  onScopeDispose(
    backend.onDidChangeState(({ kind: now }) => {
      if (now === 'open' && wasStarted && !line && state.value.kind === 'waiting') start()
    }),
  )
  onScopeDispose(() => line?.close())
  watch(state, (now) => {
    if (now.kind === 'failed') announce(`Console: ${now.problem.message}`)
    else if (now.kind !== 'connecting') announce(now.kind === 'open' ? 'Console connected. Control and Alt together release the keyboard.' : now.reason)
  })
  return { state, start, line: () => line }
}
