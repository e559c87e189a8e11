import type { Transport } from '../../transport/transport.ts'

/** Words to put before a command that only root may run on the host: none for root, else sudo, which must not ask. */
export async function asRoot(transport: Transport): Promise<readonly string[]> {
  return (await transport.exec(['id', '-u'], { deadlineMs: 15_000 })).stdout.trim() === '0' ? [] : ['sudo', '-n']
}
