import type { HostView } from '../../../src-main/contract/host.ts'

/** A line of the tree with its place in it, as ARIA counts: levels and positions begin at 1. */
export interface TreeRow {
  readonly kind: 'group' | 'host' | 'vm'
  /** `group:rack 1`, `host:id`, `vm:host/uuid`. */
  readonly key: string
  readonly id: string
  readonly level: number
  readonly position: number
  readonly setSize: number
  /** Null where there is nothing to open. */
  readonly isExpanded: boolean | null
}

export interface TreeHost {
  readonly host: HostView
  readonly vms: readonly string[]
}

/** Lines from top to bottom: groups by name, then hosts of no group; below each open host its VMs. `hosts` come sorted. */
export function buildTreeRows(hosts: readonly TreeHost[], isClosed: (key: string) => boolean): TreeRow[] {
  const groups = new Map<string, TreeHost[]>()
  const single: TreeHost[] = []
  for (const entry of hosts) {
    const group = entry.host.record.group
    if (group === null || group === '') single.push(entry)
    else groups.set(group, [...(groups.get(group) ?? []), entry])
  }
  const rows: TreeRow[] = []
  const names = [...groups.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const top = names.length + single.length
  names.forEach((name, index) => {
    const key = `group:${name}`
    const isExpanded = !isClosed(key)
    rows.push({ kind: 'group', key, id: name, level: 1, position: index + 1, setSize: top, isExpanded })
    const members = groups.get(name) ?? []
    if (isExpanded) members.forEach((entry, at) => pushHost(rows, entry, 2, at + 1, members.length, isClosed))
  })
  single.forEach((entry, index) => pushHost(rows, entry, 1, names.length + index + 1, top, isClosed))
  return rows
}

function pushHost(rows: TreeRow[], { host, vms }: TreeHost, level: number, position: number, setSize: number, isClosed: (key: string) => boolean): void {
  const key = `host:${host.record.id}`
  const isExpanded = vms.length === 0 ? null : !isClosed(key)
  rows.push({ kind: 'host', key, id: host.record.id, level, position, setSize, isExpanded })
  if (isExpanded) vms.forEach((id, at) => rows.push({ kind: 'vm', key: `vm:${id}`, id, level: level + 1, position: at + 1, setSize: vms.length, isExpanded: null }))
}

export type TreeStep = { readonly kind: 'focus'; readonly index: number } | { readonly kind: 'open' | 'close'; readonly key: string } | { readonly kind: 'none' }

/** What an arrow, Home, End, PageUp or PageDown does at line `at`, by the ARIA practices for trees. `page` is lines per screen. */
export function stepInTree(rows: readonly TreeRow[], at: number, key: string, page: number): TreeStep {
  const row = rows[at]
  const focus = (index: number): TreeStep => ({ kind: 'focus', index: Math.min(rows.length - 1, Math.max(0, index)) })
  if (rows.length === 0) return { kind: 'none' }
  if (!row) return focus(key === 'End' ? rows.length - 1 : 0)
  switch (key) {
    case 'ArrowDown':
      return focus(at + 1)
    case 'ArrowUp':
      return focus(at - 1)
    case 'Home':
      return focus(0)
    case 'End':
      return focus(rows.length - 1)
    case 'PageDown':
      return focus(at + page)
    case 'PageUp':
      return focus(at - page)
    case 'ArrowRight':
      return row.isExpanded === null ? { kind: 'none' } : row.isExpanded ? focus(at + 1) : { kind: 'open', key: row.key }
    case 'ArrowLeft': {
      if (row.isExpanded) return { kind: 'close', key: row.key }
      for (let i = at - 1; i >= 0; i--) if ((rows[i]?.level ?? 0) < row.level) return focus(i)
      return { kind: 'none' }
    }
    default:
      return { kind: 'none' }
  }
}
