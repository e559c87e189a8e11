import type { Duplex } from 'node:stream'

/**
 * Joins two streams, both ways and with back-pressure, until both have ended. `count` is told how many bytes went from `near` to `far`.
 * Resolves to null when each closed in order, else to what broke; both are then gone. Never rejects.
 */
export function splice(near: Duplex, far: Duplex, count: (bytes: number) => void): Promise<string | null> {
  return new Promise((resolve) => {
    let broke: string | null = null
    const open = new Set<Duplex>([near, far])
    const follow = (stream: Duplex, other: Duplex, what: string) => {
      let hasEnded = false
      stream.once('end', () => (hasEnded = true))
      stream.once('error', (thrown) => {
        broke ??= `${what}: ${thrown.message}`
        stream.destroy()
      })
      stream.once('close', () => {
        open.delete(stream)
        if (!hasEnded && !other.destroyed) broke ??= `${what} broke off`
        if (!hasEnded) other.destroy()
        if (open.size === 0) resolve(broke)
      })
    }
    follow(near, far, 'near')
    follow(far, near, 'far')
    near.on('data', (chunk: Buffer) => count(chunk.length))
    near.pipe(far)
    far.pipe(near)
  })
}
