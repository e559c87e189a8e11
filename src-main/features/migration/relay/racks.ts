import type { HostRecord } from '../../../contract/host.ts'

const prefix = 'rack:'

/** The rack that a host's tags name, as `rack:NAME`; null where none does. */
export function rackOf({ tags }: Pick<HostRecord, 'tags'>): string | null {
  const tag = tags.find((each) => each.toLowerCase().startsWith(prefix) && each.length > prefix.length)
  return tag === undefined ? null : tag.slice(prefix.length).trim()
}
