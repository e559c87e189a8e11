import { onScopeDispose, shallowRef, watch } from 'vue'
import type { Sharing } from '../../../src-main/contract/migration.ts'
import { vmKey, type VmRef } from '../../../src-main/contract/vm.ts'
import { connectBackend } from '../../backend.ts'
import { announce } from '../../ui/live-region.ts'
import { useHostStore } from '../host/host-store.ts'
import { orNotify } from '../settings/problem-of.ts'
import { sharingWord } from './sharing-words.ts'

/** Asks, when told to, how much of these running VMs' memory is the same; forgotten when they are others. `words`: one sentence or two per host. `onKnown`: forecasts may go by it from now on. */
export function useSharing(vms: () => readonly VmRef[], onKnown: () => void) {
  const hosts = useHostStore()
  const words = shallowRef<readonly string[]>([])
  const isAsking = shallowRef(false)
  let round = new AbortController()

  function wordOf(one: Sharing): string {
    return one.kind === 'estimated' ? sharingWord(one, hosts.name(one.host)) : `${hosts.name(one.host)}: ${one.problem.message}`
  }

  async function ask(): Promise<void> {
    round.abort()
    const { signal } = (round = new AbortController())
    isAsking.value = true
    const told = await orNotify('Estimate what they share', () => connectBackend().client.migration.sharing({ vms: [...vms()] }, { signal }))
    if (signal.aborted) return
    isAsking.value = false
    words.value = told?.map(wordOf) ?? []
    announce(words.value.join(' '))
    if (told?.some(({ kind }) => kind === 'estimated')) onKnown()
  }

  watch(() => vms().map(vmKey).sort().join(' '), () => {
    round.abort()
    isAsking.value = false
    words.value = []
  })
  onScopeDispose(() => round.abort())
  return { words, isAsking, ask }
}
