import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import { protocolVersion } from '../protocol/message.ts'

/** Where the agent keeps its socket, log and histories: the folder that the desktop uploads to. */
export function agentFolder(): string {
  return join(homedir(), '.cache', 'drover')
}

function readOr(read: () => string): string {
  try {
    return read().trim()
  } catch {
    return ''
  }
}

/** Tells machines (and containers) apart that share one home folder, such as one on NFS: each has an agent of its own. */
export function machineTag(): string {
  const parts = [
    hostname(),
    readOr(() => readFileSync('/etc/machine-id', 'utf8')),
    readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    readOr(() => readlinkSync('/proc/self/ns/pid')),
  ]
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12)
}

/** Names within the agent's folder. Protocol version and machine are in them, so that agents which must not meet do not. */
export interface AgentNames {
  readonly socket: string
  readonly log: string
  readonly histories: string
}

export function agentNames(tag = machineTag()): AgentNames {
  return { socket: `agent-${protocolVersion}-${tag}.sock`, log: `agent-${tag}.log`, histories: `jobs-${protocolVersion}-${tag}` }
}
