import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createGzip } from 'node:zlib'
import { Failure, messageOf } from '../../../base/failure.ts'
import type { Transport } from '../../../transport/transport.ts'
import type { AgentBundle } from './agent-bundle.ts'
import { oldestNode, probeHost, type AgentProbe } from './agent-probe.ts'

/** How far bringing the agent to a host is. `bytes` of `totalBytes` of the file being sent. */
export interface AgentProgress {
  readonly step: 'probing' | 'uploading-agent' | 'uploading-node' | 'starting'
  readonly bytes: number
  readonly totalBytes: number
}

/** What to run on the host: Node, and the agent's file. Absolute paths, or `node` from its path. */
export interface AgentProgram {
  readonly node: string
  readonly agent: string
}

const spareKiB = 4 * 1024

// $1: compressed file, $2: where to, $3: SHA-256 of what must come out. Prints what went wrong.
const unpackScript = `
set -e
gzip -dc < "$1" > "$2.new"
sum=$(sha256sum "$2.new")
rm -f "$1"
if [ "\${sum%% *}" != "$3" ]; then rm -f "$2.new"; echo "checksum" >&2; exit 3; fi
chmod 700 "$2.new"
mv -f "$2.new" "$2"
`

/**
 * Has agent and Node on the host, uploading what is missing, once per version, and verified by SHA-256 over there.
 * Rejects with `agent-arch`, `agent-node`, `agent-noexec`, `agent-no-space`, `agent-upload`, `agent-probe`.
 */
export async function provideAgent(
  transport: Transport,
  bundle: AgentBundle,
  options: { signal: AbortSignal; onProgress: (progress: AgentProgress) => void },
): Promise<AgentProgram> {
  const { signal } = options
  const onProgress = paced(options.onProgress)
  onProgress({ step: 'probing', bytes: 0, totalBytes: 0 })
  // The name needs the digest of the Node for an architecture that is not known yet: x64 first, which is nearly always right.
  let own = await bundle.node('x64')
  let probe = await probeHost(transport, bundle, nodeName(own), signal)
  if (probe.arch === 'arm64') {
    own = await bundle.node('arm64')
    if (own) probe = await probeHost(transport, bundle, nodeName(own), signal)
  }
  if (probe.arch === null) own = null
  if (!probe.hasAgent) await uploadAgent(transport, bundle, probe, { signal, onProgress })
  if (probe.isHostNodeUsable) return { node: 'node', agent: probe.agentPath }
  if (!own) throw nodeFailure(probe)
  if (!probe.hasOwnNode) await uploadNode(transport, own, probe, { signal, onProgress })
  return { node: probe.ownNodePath, agent: probe.agentPath }
}

/** Each step's first word and last byte, and ten a second in between. */
function paced(tell: (progress: AgentProgress) => void): (progress: AgentProgress) => void {
  let step = ''
  let toldAt = 0
  return (progress) => {
    const now = performance.now()
    if (progress.step === step && progress.bytes < progress.totalBytes && now - toldAt < 100) return
    step = progress.step
    toldAt = now
    tell(progress)
  }
}

function nodeName(own: { sha256: string } | null): string {
  return `node-${own?.sha256.slice(0, 16) ?? 'none'}`
}

function nodeFailure({ arch, machine, hostNode }: AgentProbe): Failure {
  const has = hostNode ? `The host's Node ${hostNode} is older than ${oldestNode}` : 'The host has no Node'
  const next = `Install Node ${oldestNode} or newer on the host.`
  if (arch === null) return new Failure('agent-arch', `${has}, and Drover brings none for ${machine || 'its architecture'}.`, { evidence: `uname -m: ${machine}`, next })
  return new Failure('agent-node', `${has}, and this Drover has none to bring for ${machine}.`, { next })
}

function checkSpace(probe: AgentProbe, bytes: number): void {
  const needed = Math.ceil(bytes / 1024) + spareKiB
  if (probe.freeKiB === null || probe.freeKiB >= needed) return
  throw new Failure('agent-no-space', `The host has no room for the agent in ${probe.folder}.`, {
    evidence: `${Math.round(probe.freeKiB / 1024)} MiB free, ${Math.round(needed / 1024)} MiB needed`,
    next: 'Make room in the home folder on the host.',
  })
}

function uploadFailure(probe: AgentProbe, evidence: string, cause?: unknown): Failure {
  if (/no space|quota/i.test(evidence)) return new Failure('agent-no-space', `The host has no room for the agent in ${probe.folder}.`, { evidence, cause })
  return new Failure('agent-upload', 'The agent could not be uploaded.', { evidence, next: `See that ${probe.folder} can be written.`, cause })
}

async function uploadAgent(
  transport: Transport,
  bundle: AgentBundle,
  probe: AgentProbe,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (progress: AgentProgress) => void },
): Promise<void> {
  const totalBytes = bundle.content.length
  checkSpace(probe, totalBytes)
  onProgress({ step: 'uploading-agent', bytes: 0, totalBytes })
  try {
    await transport.upload(bundle.content, probe.agentPath, { mode: 0o600, signal, onProgress: (bytes) => onProgress({ step: 'uploading-agent', bytes, totalBytes }) })
  } catch (thrown) {
    signal.throwIfAborted()
    throw uploadFailure(probe, messageWithEvidence(thrown), thrown)
  }
  const check = await transport.exec(['sha256sum', probe.agentPath], { deadlineMs: 30_000, signal })
  if (check.stdout.trim().replace(/^\\/, '').split(' ')[0] !== bundle.sha256) {
    throw uploadFailure(probe, `SHA-256 differs after the upload: ${(check.stdout || check.stderr).trim().slice(0, 200)}`)
  }
  // Versions that nobody has used for long.
  await transport.exec(['find', probe.folder, '-maxdepth', '1', '-name', 'agent-*.mjs', '-mtime', '+60', '-delete'], { deadlineMs: 30_000, signal })
}

async function uploadNode(
  transport: Transport,
  own: { path: string; sha256: string },
  probe: AgentProbe,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (progress: AgentProgress) => void },
): Promise<void> {
  if (!probe.canExecute) {
    throw new Failure('agent-noexec', `Programs may not be run from ${probe.folder}, and the host has no Node ${oldestNode} of its own.`, {
      evidence: 'a test program there did not run (mounted noexec?)',
      next: `Install Node ${oldestNode} or newer on the host.`,
    })
  }
  const { size: totalBytes } = await stat(own.path)
  // Compressed, it takes less than half as much for as long as it is there.
  checkSpace(probe, totalBytes * 1.5)
  const source = createReadStream(own.path)
  let read = 0
  source.on('data', (chunk) => {
    read += chunk.length
    onProgress({ step: 'uploading-node', bytes: read, totalBytes })
  })
  // Level 1: less than half the size, and faster than most networks even on a busy machine.
  const packed = source.pipe(createGzip({ level: 1 }))
  source.on('error', (thrown) => packed.destroy(thrown))
  const packedPath = `${probe.ownNodePath}.${process.pid}.gz`
  try {
    await transport.upload(packed, packedPath, { mode: 0o600, signal })
  } catch (thrown) {
    signal.throwIfAborted()
    throw uploadFailure(probe, messageWithEvidence(thrown), thrown)
  } finally {
    source.destroy()
  }
  const unpacked = await transport.exec(['sh', '-c', unpackScript, 'sh', packedPath, probe.ownNodePath, own.sha256], { deadlineMs: 120_000, signal })
  if (unpacked.code !== 0) throw uploadFailure(probe, unpacked.stderr.trim() || `exit ${unpacked.code}`)
  const tried = await transport.exec([probe.ownNodePath, '--version'], { deadlineMs: 30_000, signal })
  if (tried.code === 0) return
  throw new Failure('agent-node', 'The Node that Drover brought does not run on the host.', {
    evidence: tried.stderr.trim().slice(0, 300) || `exit ${tried.code}`,
    next: `Install Node ${oldestNode} or newer on the host.`,
  })
}

function messageWithEvidence(thrown: unknown): string {
  return thrown instanceof Failure && thrown.evidence ? `${thrown.message} ${thrown.evidence}` : messageOf(thrown)
}
