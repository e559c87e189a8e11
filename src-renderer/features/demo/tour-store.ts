import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { useRouter } from 'vue-router'
import { connectBackend } from '../../backend.ts'
import { useHostStore } from '../host/host-store.ts'
import { orNotify } from '../settings/problem-of.ts'
import { useVmStore } from '../vm/vm-store.ts'
import { tourSteps, type TourStage } from './tour-steps.ts'

/** The guided tour: which step is shown. A step whose doing fails says why, and the tour can go on. */
export const useTourStore = defineStore('tour', () => {
  const router = useRouter()
  const hosts = useHostStore()
  const vms = useVmStore()
  const at = ref<number | null>(null)
  const isBusy = ref(false)
  const step = computed(() => (at.value === null ? null : tourSteps[at.value]))
  const isLast = computed(() => at.value === tourSteps.length - 1)

  const stage: TourStage = {
    client: connectBackend().client,
    host(name) {
      const found = hosts.sorted.find((host) => host.name === name)
      if (!found) throw new Error(`The lab has no host ${name}.`)
      return found.record.id
    },
    vm(name) {
      for (const vm of vms.vms.values()) if (vm.name === name && vm.state !== 'incoming') return vm.ref
      throw new Error(`The lab has no VM ${name}.`)
    },
    online: (name) =>
      new Promise((resolve) => {
        const stop = watch(
          () => hosts.sorted.find((host) => host.name === name)?.connection.state,
          (state) => {
            if (state !== 'online') return
            resolve()
            queueMicrotask(() => stop())
          },
          { immediate: true },
        )
      }),
    go: (place) => void router.push(place),
    begun: new Map(),
  }

  async function show(next: number): Promise<void> {
    at.value = next
    isBusy.value = true
    await orNotify(tourSteps[next]?.title ?? 'The tour', async () => tourSteps[next]?.act?.(stage))
    isBusy.value = false
  }

  /** Begins it, takes the next step, or ends it after the last. While a step is being done nothing happens. */
  function next(): void {
    if (isBusy.value) return
    if (isLast.value) return end()
    void show(at.value === null ? 0 : at.value + 1)
  }

  function end(): void {
    at.value = null
    stage.begun.clear()
  }

  return { at, step, isLast, isBusy, next, end, count: tourSteps.length }
})
