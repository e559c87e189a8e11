import type { Check } from './check.ts'
import { about } from './finding.ts'

/** A display that listens on an address of the source cannot do so at the destination. */
export const graphics: Check = {
  subject: 'display',
  async run({ domain, destination }) {
    const links = await destination.facts.interfaces()
    if (!links || !domain.isActive) return []
    const own = new Set(links.flatMap(({ addresses }) => addresses.map(({ address }) => address)))
    return domain.live.devices.graphics.flatMap(({ type, listens }) =>
      listens.flatMap((listen) => {
        if (listen.kind !== 'address' || !listen.address || /^(0\.0\.0\.0|::|127\.|::1|localhost)/.test(listen.address) || own.has(listen.address)) return []
        return [
          about('display').error('graphics-address', `The ${type.toUpperCase()} display of ${domain.name} listens on an address that ${destination.name} does not have.`, {
            evidence: listen.address,
            next: 'Let it listen on 127.0.0.1 or 0.0.0.0, and start the VM anew.',
          }),
        ]
      }),
    )
  },
}
