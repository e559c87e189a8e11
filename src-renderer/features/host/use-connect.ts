import { connectBackend } from '../../backend.ts'
import { orNotify } from '../settings/problem-of.ts'

/** What a person may type as an address, made into one that Drover keeps; null when it says nothing. `root@kvm1` and `kvm1:2222` mean SSH. */
export function readAddress(text: string): string | null {
  const trimmed = text.trim()
  if (trimmed === '') return null
  if (/^[a-z]+:\/\//i.test(trimmed)) return trimmed
  if (trimmed.startsWith('/')) return `unix://${trimmed}`
  return `ssh://${trimmed}`
}

/** The connect flow: adds a host, after which the inventory tells how it goes. True when it was added. */
export async function connectHost(address: string, group: string | null = null): Promise<boolean> {
  return (await orNotify(`Connect ${address.replace(/^ssh:\/\//, '')}`, () => connectBackend().client.host.add({ address, group }))) !== undefined
}
