import { isIPv6 } from 'node:net'

/** The URI that Prepare takes for a migration address, which may bring its own port: `tcp://10.0.0.2`, `tcp://[fd00::1]:49300`. */
export function uriOf(address: string): string {
  return isIPv6(address) ? `tcp://[${address}]` : `tcp://${address}`
}
