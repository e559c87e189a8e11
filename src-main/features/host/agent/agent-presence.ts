import { Failure } from '../../../base/failure.ts'
import type { Transport } from '../../../transport/transport.ts'
import type { AgentBundle } from './agent-bundle.ts'

/** `uploaded`: files of any version are there, nothing runs. */
export type AgentState = 'absent' | 'uploaded' | 'running' | 'unknown'

// $1: the agent's file name. Asks the agent itself where its file and a Node are there; else a look at the files must do.
const stateScript = `
folder="$HOME/.cache/drover"
set -- "$folder/$1"
if [ -r "$1" ]; then
  for node in node "$folder"/node-*; do
    if said=$("$node" "$1" state 2>/dev/null); then echo "$said"; exit 0; fi
  done
fi
for file in "$folder"/agent-*.mjs "$folder"/node-*; do [ -e "$file" ] && { echo uploaded; exit 0; }; done
echo absent
`

/** Asks the host what is there, in one command. */
export async function agentStateOn(transport: Transport, bundle: AgentBundle, signal: AbortSignal): Promise<AgentState> {
  const { stdout } = await transport.exec(['sh', '-c', stateScript, 'sh', `agent-${bundle.version}.mjs`], { deadlineMs: 30_000, signal })
  const said = stdout.trim()
  return said === 'running' || said === 'uploaded' || said === 'absent' ? said : 'unknown'
}

/** Removes the agent's folder. Rejects with `agent-remove`. */
export async function removeAgentFiles(transport: Transport, signal: AbortSignal): Promise<void> {
  const { code, stderr } = await transport.exec(['sh', '-c', 'rm -rf -- "$HOME/.cache/drover"'], { deadlineMs: 30_000, signal })
  if (code !== 0) throw new Failure('agent-remove', 'The files of the agent could not be removed.', { evidence: stderr.trim() || `exit ${code}` })
}
