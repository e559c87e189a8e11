import { defineStore } from 'pinia'
import { shallowReactive, shallowRef } from 'vue'
import type { HostVerdict } from '../../../src-main/contract/migration.ts'
import type { VmRef } from '../../../src-main/contract/vm.ts'
import { connectBackend } from '../../backend.ts'
import { isAbort, problemOf } from '../settings/problem-of.ts'

/** `home`: everything that would move is there already. */
export type DropVerdict = { readonly verdict: HostVerdict['verdict'] | 'home'; readonly reason: string }

/** VMs that are being dragged, or were cut: while they are, every host shows whether they fit there. */
export const useMoveIntentStore = defineStore('move-intent', () => {
  const intent = shallowRef<{ readonly kind: 'drag' | 'cut'; readonly vms: readonly VmRef[] } | null>(null)
  const verdicts = shallowReactive(new Map<string, DropVerdict>())
  /** Why there are no verdicts, if asking for them failed. */
  const trouble = shallowRef<string | null>(null)
  /** The host below the pointer during a drag. */
  const hovered = shallowRef<string | null>(null)
  let round = new AbortController()

  function begin(kind: 'drag' | 'cut', vms: readonly VmRef[]): void {
    end()
    intent.value = { kind, vms }
    round = new AbortController()
    void ask(vms, round.signal)
  }

  async function ask(vms: readonly VmRef[], signal: AbortSignal): Promise<void> {
    const home = vms[0]?.host
    const isHome = vms.every((vm) => vm.host === home)
    if (home !== undefined && isHome) verdicts.set(home, { verdict: 'home', reason: vms.length === 1 ? 'It is on this host.' : 'They are on this host.' })
    try {
      const told = await connectBackend().client.migration.verdicts({ vms: [...vms] }, { signal })
      if (signal.aborted) return
      for (const { host, verdict, reason } of told) if (!(isHome && host === home)) verdicts.set(host, { verdict, reason })
    } catch (thrown) {
      if (!signal.aborted && !isAbort(thrown)) trouble.value = problemOf(thrown).message
    }
  }

  function end(): void {
    round.abort()
    intent.value = null
    hovered.value = null
    trouble.value = null
    verdicts.clear()
  }

  return { intent, verdicts, trouble, hovered, begin, end }
})

const words: Record<DropVerdict['verdict'], { word: string; glyph: string }> = {
  fits: { word: 'Fits', glyph: 'fits' },
  warns: { word: 'Fits, with warnings', glyph: 'warns' },
  blocked: { word: 'Blocked', glyph: 'blocked' },
  home: { word: 'Is here', glyph: 'off' },
}

/** A verdict as word and shape. */
export function verdictWord(verdict: DropVerdict['verdict']): { readonly word: string; readonly glyph: string } {
  return words[verdict]
}
