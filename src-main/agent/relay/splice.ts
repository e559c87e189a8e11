import type { Duplex } from 'node:stream'
import { readSlabs } from '../slabs/read-slabs.ts'

/** Bytes that wait for the far stream to take them: beyond it the near one is not read, and it is again when half of them are gone. */
const mostWaiting = 2 * 1024 * 1024

/**
 * Joins two streams, both ways and with back-pressure, until both have ended. The most comes from `near`, which nobody has begun to read; `count` is told how many bytes went from there to `far`.
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
    let waiting = 0
    readSlabs(near, (bytes, slab) => {
      count(bytes.length)
      slab.hold()
      waiting += bytes.length
      far.write(bytes, () => {
        slab.release()
        waiting -= bytes.length
        if (waiting <= mostWaiting / 2 && near.isPaused()) near.resume()
      })
      if (waiting > mostWaiting) near.pause()
    })
    near.once('end', () => far.end())
    near.resume()
    far.pipe(near)
  })
}
