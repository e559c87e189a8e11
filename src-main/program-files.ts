import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The folder that holds `agent/agent.mjs`: the resources of a package, or `out` of a checkout, whether this runs bundled there or as source.
 * Where nothing has been built it is `out` all the same, so that the failure names the file that is missing.
 */
export function programFiles(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  const resources = (process as { resourcesPath?: string }).resourcesPath
  const fromSource = join(here, '..', 'out')
  const folders = [...(resources ? [resources] : []), join(here, '..'), join(here, '..', '..'), fromSource]
  return folders.find((folder) => existsSync(join(folder, 'agent', 'agent.mjs'))) ?? fromSource
}
