import type { GuestSpec } from './guest-xml.ts'
import { LabGuest } from './guest.ts'
import type { Lab } from './lab.ts'

/** What somebody who only looks around finds on the hosts: from idle to busy. */
const kinds: readonly (Omit<GuestSpec, 'name'> & { readonly kind: string })[] = [
  { kind: 'web', patternMiB: 32, nic: 'bridge' },
  { kind: 'db', memoryMiB: 160, patternMiB: 64, rate: 4, nic: 'bridge' },
  { kind: 'idle', patternMiB: 16, nic: 'bridge' },
  { kind: 'busy', memoryMiB: 160, patternMiB: 64, rate: 40, nic: 'bridge' },
]

/** Defines and starts so many guests on every host, in turn of their kinds, and answers their names. Does not wait until they have booted. */
export async function startSampleGuests(lab: Lab, perHost: number): Promise<string[]> {
  const wishes = lab.hosts.flatMap((host, h) =>
    Array.from({ length: perHost }, (_, i) => {
      const { kind, ...spec } = kinds[(h * perHost + i) % kinds.length]!
      return { host, guest: new LabGuest(lab, { name: `${kind}-${h * perHost + i + 1}`, tickMs: 200, verifyPercent: 2, ...spec }) }
    }),
  )
  await Promise.all(
    wishes.map(async ({ host, guest }) => {
      await guest.define(host)
      await host.virsh(['start', guest.name])
    }),
  )
  return wishes.map(({ guest }) => guest.name)
}
