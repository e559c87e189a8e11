import { hash } from 'node:crypto'

/** Bytes of a page: the only size that is carried by content. Pages of another size go as they are. */
export const pageBytes = 4096
/** Bytes of a page's name. */
export const hashBytes = 32

/** A page's name: its SHA-256, a character a byte, which is the cheapest form to make and to look up. */
export function hashOf(page: Buffer): string {
  return hash('sha256', page, 'binary')
}
