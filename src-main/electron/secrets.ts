import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { safeStorage } from 'electron'
import { z } from 'zod'
import type { Secrets } from '../base/secrets.ts'

const file = z.record(z.string(), z.string())

/**
 * Secrets encrypted with a key of the system's keyring, in `path` (0600). Call when the app is ready. Where Linux has no keyring Chromium uses a key that anybody can
 * know (`basic_text`): `kind` is then `plain`, and the page warns. Null where nothing can be encrypted at all.
 */
export function keyringSecrets(path: string): Secrets | null {
  const isPlain = process.platform === 'linux' && safeStorage.getSelectedStorageBackend() === 'basic_text'
  if (isPlain) safeStorage.setUsePlainTextEncryption(true)
  if (!safeStorage.isEncryptionAvailable()) return null

  const read = (): Record<string, string> => {
    try {
      return file.parse(JSON.parse(readFileSync(path, 'utf8')))
    } catch {
      return {}
    }
  }
  const write = (secrets: Record<string, string>) => {
    writeFileSync(`${path}.new`, JSON.stringify(secrets), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  return {
    kind: isPlain ? 'plain' : 'system',
    async get(key) {
      const found = read()[key]
      try {
        return found === undefined ? null : safeStorage.decryptString(Buffer.from(found, 'base64'))
      } catch {
        // Written under another key, of another desktop or before a reinstall: as good as not there.
        return null
      }
    },
    async set(key, secret) {
      write({ ...read(), [key]: safeStorage.encryptString(secret).toString('base64') })
    },
    async remove(key) {
      const { [key]: _, ...rest } = read()
      write(rest)
    },
  }
}
