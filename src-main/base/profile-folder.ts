import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The folder of the profile: DROVER_PROFILE, else the system's usual place for an application's files of this user. */
export function profileFolder(given?: string, env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  const chosen = given ?? env['DROVER_PROFILE']
  if (chosen) return resolve(chosen)
  if (platform === 'win32') return join(env['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'), 'Drover')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Drover')
  return join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'drover')
}
