import { readFile } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'

const kinds: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.wasm': 'application/wasm',
  '.map': 'application/json',
}

export interface PageFile {
  readonly body: Buffer
  readonly type: string
}

/** A file of the built page, by the path of its URL; null when there is none. A path without an extension is a route of the page: it answers index.html. */
export async function readPageFile(root: string, pathname: string): Promise<PageFile | null> {
  let wanted: string
  try {
    wanted = normalize(decodeURIComponent(pathname))
  } catch {
    return null
  }
  if (extname(wanted) === '') wanted = 'index.html'
  const path = join(root, wanted)
  const type = kinds[extname(path)]
  if (!path.startsWith(root + sep) || wanted.includes('\0') || !type) return null
  try {
    return { body: await readFile(path), type }
  } catch {
    return null
  }
}
