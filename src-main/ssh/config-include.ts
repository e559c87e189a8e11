import { readFile, readdir } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { configFailure, parseConfig, type ConfigLine } from './config-file.ts'
import { expandTilde } from './config-tokens.ts'

/** OpenSSH's READCONF_MAX_DEPTH. */
const maximumDepth = 16

/** A directive, with the directives of the files that an Include brings in its place. */
export interface ConfigNode {
  readonly line: ConfigLine
  readonly included: readonly (readonly ConfigNode[])[]
}

/**
 * Reads a configuration file and what it includes. A file that is not there is empty. Relative includes are relative to the folder of the
 * first file, as OpenSSH has it for ~/.ssh/config and /etc/ssh/ssh_config. Throws `ssh-config-invalid`.
 */
export async function readConfigTree(file: string, home: string, base: string = dirname(file), depth = 0): Promise<ConfigNode[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    // Nobody's fault: an absent file, and a dangling or unreadable one, which OpenSSH passes over as well.
    if (error.code && ['ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR', 'ELOOP'].includes(error.code)) return ''
    throw error
  })
  const nodes: ConfigNode[] = []
  for (const line of parseConfig(text, file)) {
    const included: ConfigNode[][] = []
    if (line.keyword === 'include') {
      if (depth >= maximumDepth) throw configFailure(line, 'includes are nested too deeply')
      for (const argument of line.args) {
        const pattern = expandTilde(argument, home)
        for (const path of await expandGlob(isAbsolute(pattern) ? pattern : join(base, pattern))) {
          included.push(await readConfigTree(path, home, base, depth + 1))
        }
      }
    }
    nodes.push({ line, included })
  }
  return nodes
}

/** The existing paths that match an absolute glob(7) pattern, in order. A name with a leading dot only matches a written dot. */
export async function expandGlob(pattern: string): Promise<string[]> {
  let found = ['/']
  for (const part of pattern.split('/').filter(Boolean)) {
    if (!/[*?[]/.test(part)) {
      found = found.map((folder) => join(folder, part))
      continue
    }
    const name = globExpression(part)
    const next: string[] = []
    for (const folder of found) {
      for (const entry of (await readdir(folder).catch(() => [])).sort()) {
        if (name.test(entry) && (!entry.startsWith('.') || part.startsWith('.'))) next.push(join(folder, entry))
      }
    }
    found = next
  }
  return found
}

function globExpression(part: string): RegExp {
  const source = part.replace(/\[!?[^\]]+\]|[*?]|[\\^$.|+(){}[\]]/g, (token) => {
    if (token === '*') return '.*'
    if (token === '?') return '.'
    if (token.length > 1) return token.replace(/^\[!/, '[^').replaceAll('\\', '\\\\')
    return `\\${token}`
  })
  return new RegExp(`^${source}$`, 's')
}
