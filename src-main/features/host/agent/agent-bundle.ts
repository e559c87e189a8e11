import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Failure, messageOf } from '../../../base/failure.ts'

/** Architectures that a Node is brought along for, as Node names them. */
export type AgentArch = 'x64' | 'arm64'

/** What is uploaded: the agent's one file, and Node for hosts without. */
export interface AgentBundle {
  readonly content: Buffer
  /** SHA-256 of the content, hexadecimal; its first 16 digits are the agent's version and in the uploaded file's name. */
  readonly sha256: string
  readonly version: string
  /** Path of a Node binary for Linux with its SHA-256, or null where none is at hand. */
  node(arch: AgentArch): Promise<{ readonly path: string; readonly sha256: string } | null>
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** Makes a bundle of the agent's file and a way to find Node binaries. Rejects with `agent-missing` where the file is not there. */
export async function loadAgentBundle(agentPath: string, nodePath: (arch: AgentArch) => string | null): Promise<AgentBundle> {
  let content: Buffer
  try {
    content = await readFile(agentPath)
  } catch (thrown) {
    throw new Failure('agent-missing', 'The agent that belongs to this Drover is missing.', { evidence: messageOf(thrown), next: 'Run npm run build, or install Drover anew.' })
  }
  const sha256 = createHash('sha256').update(content).digest('hex')
  const nodes = new Map<AgentArch, Promise<{ path: string; sha256: string } | null>>()
  return {
    content,
    sha256,
    version: sha256.slice(0, 16),
    node(arch) {
      const path = nodePath(arch)
      if (path === null || !existsSync(path)) return Promise.resolve(null)
      let found = nodes.get(arch)
      if (!found) nodes.set(arch, (found = digestOf(path).then((digest) => ({ path, sha256: digest }))))
      return found
    },
  }
}

/**
 * The bundle of this Drover. `root` is the folder that holds `agent/agent.mjs` and, when packaged, `node/linux-x64/node` and `node/linux-arm64/node`:
 * `out` in a checkout, the resources folder in a package. A checkout takes Node from its packages.
 */
export function findAgentBundle(root: string): Promise<AgentBundle> {
  const require = createRequire(import.meta.url)
  return loadAgentBundle(join(root, 'agent', 'agent.mjs'), (arch) => {
    const packaged = join(root, 'node', `linux-${arch}`, 'node')
    if (existsSync(packaged)) return packaged
    try {
      return join(dirname(require.resolve(`node-linux-${arch}/package.json`)), 'bin', 'node')
    } catch {
      return null
    }
  })
}
