import type { CallOptions, Connection } from '../../libvirt/client/connection.ts'

/** Guests' memory lies in one piece below `highest` on every machine type of x86 (hw/i386/pc_q35.c, pc_piix.c: 2 GiB at least); what is below `lowest` is the firmware's. */
export const lowest = 1024 * 1024
export const highest = 2 * 1024 ** 3
/** VIR_MEMORY_PHYSICAL, libvirt-domain.h. */
const physical = 2

/** Reads from a running guest's memory, through the daemon. `size`: at most 4 MiB. Rejects with what the daemon says. */
export async function peekPhysical(connection: Connection, dom: { readonly name: string; readonly uuid: string; readonly id: number }, offset: number, size: number, options: CallOptions = {}): Promise<Buffer> {
  const { buffer } = await connection.call('domainMemoryPeek', { dom, offset, size, flags: physical }, options)
  return buffer
}
