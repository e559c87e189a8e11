/** A migration address may bring a port for QEMU; the agents have ports of their own. */
export function withoutPort(address: string): string {
  return address.replace(/^\[([^\]]+)\](:\d+)?$/, '$1').replace(/^([^:]+):\d+$/, '$1')
}
