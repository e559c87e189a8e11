import { defineStore } from 'pinia'
import { computed, shallowRef, watchEffect } from 'vue'
import type { DemoFault, DemoState } from '../../../src-main/contract/demo.ts'
import { connectBackend, type Backend, type Watch } from '../../backend.ts'
import { chooseDemo } from '../../backend/demo-choice.ts'
import { orNotify } from '../settings/problem-of.ts'

export type OpenDemo = Extract<DemoState, { kind: 'demo' }>

/** Two faults of the same kind and subject are one. */
function isSame(a: DemoFault, b: DemoFault): boolean {
  return a.kind === b.kind && subjectOf(a) === subjectOf(b)
}

/** Id of a host or UUID of a VM. */
export function subjectOf(fault: DemoFault): string {
  return fault.kind === 'hot-vm' ? fault.vm : fault.host
}

/** The demo lab that this window is in, if any. */
export const useDemoStore = defineStore('demo', () => {
  const state = shallowRef<DemoState>({ kind: 'real' })
  const demo = computed<OpenDemo | null>(() => (state.value.kind === 'demo' ? state.value : null))
  const { client } = connectBackend()

  function follow(backend: Backend): Watch {
    watchEffect(() => (document.title = demo.value ? `Demo: ${demo.value.lab.title} – Drover` : 'Drover'))
    return backend.watch<DemoState>({ open: (caller, signal) => caller.demo.watch(undefined, { signal }), onValue: (value) => (state.value = value) })
  }

  /** The window starts over in the lab, or among what is real: nothing of the one is left on the screen of the other. */
  function startOver(lab: string | null): void {
    chooseDemo(lab)
    location.hash = '#/'
    location.reload()
  }

  async function open(lab: string): Promise<void> {
    const title = 'Open the demo lab'
    const isOpen = await orNotify(title, async () => {
      await client.demo.open({ lab })
      return true
    })
    if (isOpen) startOver(lab)
  }

  const leave = () => startOver(null)
  const setSpeed = (speed: number) => orNotify('Change the speed of the demo lab', () => client.demo.setSpeed({ speed }))
  const setPaused = (isPaused: boolean) => orNotify(isPaused ? 'Pause the demo lab' : 'Go on with the demo lab', () => client.demo.setPaused({ isPaused }))
  const isOn = (fault: DemoFault) => demo.value?.faults.some((other) => isSame(other, fault)) ?? false
  const putFault = (fault: DemoFault) => orNotify('Stage a fault', () => client.demo.putFault(fault))
  const removeFault = (fault: DemoFault) => orNotify('End a fault', () => client.demo.removeFault(fault))

  return { demo, follow, open, leave, setSpeed, setPaused, isOn, putFault, removeFault }
})
