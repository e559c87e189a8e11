import type { HostView } from '../../../src-main/contract/host.ts'
import type { VmView } from '../../../src-main/contract/vm.ts'

const qualifiers = ['state', 'tag', 'host', 'group', 'is'] as const
type Qualifier = (typeof qualifiers)[number]

/** One word of a filter. `values` are alternatives, in lower case; `isNegated` means that none may hold. */
export interface FilterTerm {
  readonly by: Qualifier | 'text'
  readonly values: readonly string[]
  readonly isNegated: boolean
}

export type Filter = readonly FilterTerm[]

/**
 * Reads a filter: words, all of which must hold. `state:running tag:web,db host:a group:"rack 1" is:moving -tag:old free text`. A qualifier that is
 * not known is plain text, so that typing never errs; one without a value yet says nothing.
 */
export function parseFilter(text: string): Filter {
  const terms: FilterTerm[] = []
  for (const [word] of text.matchAll(/-?(?:[^\s":]+:)?(?:"[^"]*"?|[^\s"]+)+|-?[^\s":]+:/g)) {
    const isNegated = word.length > 1 && word.startsWith('-')
    const body = (isNegated ? word.slice(1) : word).toLowerCase()
    const colon = body.indexOf(':')
    const by = colon > 0 ? qualifiers.find((name) => name === body.slice(0, colon)) : undefined
    const raw = by ? body.slice(colon + 1) : body
    const values = (by ? splitOutsideQuotes(raw) : [raw]).map((value) => value.replaceAll('"', '')).filter((value) => value !== '')
    if (values.length > 0) terms.push({ by: by ?? 'text', values, isNegated })
  }
  return terms
}

function splitOutsideQuotes(text: string): string[] {
  return [...text.matchAll(/(?:"[^"]*"?|[^,"])+/g)].map(([part]) => part)
}

const has = (text: string | null | undefined, part: string) => text?.toLowerCase().includes(part) ?? false
const begins = (text: string | null | undefined, part: string) => text?.toLowerCase().startsWith(part) ?? false

/** Whether a VM passes. Text looks into name, title, tags, uuid and the host's name; `state:` and `tag:` take beginnings. */
export function matchesVm(filter: Filter, vm: VmView, host: HostView | undefined): boolean {
  return filter.every((term) => term.values.some((value) => vmHolds(term.by, value, vm, host)) !== term.isNegated)
}

function vmHolds(by: FilterTerm['by'], value: string, vm: VmView, host: HostView | undefined): boolean {
  switch (by) {
    case 'state':
      return begins(vm.state, value)
    case 'tag':
      return vm.tags.some((tag) => begins(tag, value))
    case 'host':
      return has(host?.name, value) || has(host?.record.address, value)
    case 'group':
      return has(host?.record.group ?? '', value)
    case 'is':
      return (value === 'moving' && vm.job !== null) || (value === 'autostart' && vm.hasAutostart) || (value === 'transient' && !vm.isPersistent) || (value === 'persistent' && vm.isPersistent)
    case 'text':
      return has(vm.name, value) || has(vm.title, value) || vm.tags.some((tag) => has(tag, value)) || begins(vm.ref.uuid, value) || has(host?.name, value)
  }
}

/** Whether a host itself passes, whatever its VMs do. `state:` is that of its connection. */
export function matchesHost(filter: Filter, host: HostView): boolean {
  return filter.every((term) => term.values.some((value) => hostHolds(term.by, value, host)) !== term.isNegated)
}

function hostHolds(by: FilterTerm['by'], value: string, host: HostView): boolean {
  switch (by) {
    case 'state':
      return begins(host.connection.state, value)
    case 'tag':
      return host.record.tags.some((tag) => begins(tag, value))
    case 'host':
      return has(host.name, value) || has(host.record.address, value)
    case 'group':
      return has(host.record.group ?? '', value)
    case 'is':
      return false
    case 'text':
      return has(host.name, value) || has(host.record.address, value) || host.record.tags.some((tag) => has(tag, value))
  }
}
