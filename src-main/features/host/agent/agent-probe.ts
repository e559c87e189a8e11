import { Failure } from '../../../base/failure.ts'
import type { Transport } from '../../../transport/transport.ts'
import type { AgentArch, AgentBundle } from './agent-bundle.ts'

/** What a host has of what the agent needs. */
export interface AgentProbe {
  /** `uname -m`. */
  readonly machine: string
  /** null: an architecture that no Node is brought along for. */
  readonly arch: AgentArch | null
  /** Absolute. */
  readonly folder: string
  readonly agentPath: string
  readonly hasAgent: boolean
  /** Of the host's own `node`, such as `v22.1.0`; null where there is none. */
  readonly hostNode: string | null
  /** Whether the host's own is new enough. */
  readonly isHostNodeUsable: boolean
  /** Where an uploaded Node is or would be. */
  readonly ownNodePath: string
  readonly hasOwnNode: boolean
  /** False where files of the home folder may not be run (mounted noexec). */
  readonly canExecute: boolean
  readonly freeKiB: number | null
}

/** The agent uses what came with Node 22. */
export const oldestNode = 22

// One round trip. $1: the agent's file name, $2: its SHA-256, $3: the name of an uploaded Node. Prints `key=value` lines.
const script = `
folder="$HOME/.cache/drover"
mkdir -p "$folder" 2>/dev/null && chmod 700 "$folder" 2>/dev/null
echo "home=$HOME"
echo "machine=$(uname -m)"
command -v node >/dev/null 2>&1 && echo "node=$(node --version 2>/dev/null)"
if [ -r "$folder/$1" ]; then
  sum=$(sha256sum "$folder/$1" 2>/dev/null)
  [ "\${sum%% *}" = "$2" ] && echo "agent=yes"
fi
[ -x "$folder/$3" ] && echo "own=$("$folder/$3" --version 2>/dev/null)"
probe="$folder/.probe.$$"
if printf '#!/bin/sh\\nexit 0\\n' 2>/dev/null > "$probe" && chmod 700 "$probe" && "$probe" 2>/dev/null; then echo "exec=yes"; fi
rm -f "$probe"
free=$(df -Pk "$folder" 2>/dev/null | tail -n 1 | awk '{print $4}')
echo "free=$free"
exit 0
`

/** Asks the host in one command. Rejects with `agent-probe` where it runs no commands. */
export async function probeHost(transport: Transport, bundle: AgentBundle, nodeName: string, signal: AbortSignal): Promise<AgentProbe> {
  const agentName = `agent-${bundle.version}.mjs`
  const { code, stdout, stderr } = await transport.exec(['sh', '-c', script, 'sh', agentName, bundle.sha256, nodeName], { deadlineMs: 30_000, signal })
  const found = new Map<string, string>()
  for (const line of stdout.split('\n')) {
    const at = line.indexOf('=')
    if (at > 0) found.set(line.slice(0, at), line.slice(at + 1).trim())
  }
  const home = found.get('home')
  if (code !== 0 || !home?.startsWith('/')) {
    throw new Failure('agent-probe', 'The host does not run commands for this user.', { evidence: (stderr || stdout).trim().slice(0, 500) || `exit ${code}` })
  }
  const machine = found.get('machine') ?? ''
  const hostNode = found.get('node') || null
  const folder = `${home}/.cache/drover`
  const free = Number(found.get('free') || NaN)
  return {
    machine,
    arch: machine === 'x86_64' ? 'x64' : machine === 'aarch64' || machine === 'arm64' ? 'arm64' : null,
    folder,
    agentPath: `${folder}/${agentName}`,
    hasAgent: found.get('agent') === 'yes',
    hostNode,
    isHostNodeUsable: Number(/^v(\d+)\./.exec(hostNode ?? '')?.[1] ?? 0) >= oldestNode,
    ownNodePath: `${folder}/${nodeName}`,
    hasOwnNode: (found.get('own') ?? '') !== '',
    canExecute: found.get('exec') === 'yes',
    freeKiB: Number.isFinite(free) ? free : null,
  }
}
