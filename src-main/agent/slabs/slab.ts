/** Bytes of a slab: what one read of a socket may bring. */
export const slabBytes = 1024 * 1024
/** Slabs that nobody has use for are kept up to so many. */
const mostFree = 8

/** Memory that is read into and used over and over. Whoever keeps bytes of it beyond the call that brought them holds it, and releases it once for each hold; forgotten, it is merely not used again. */
export interface Slab {
  hold(): void
  release(): void
}

class PooledSlab implements Slab {
  readonly bytes = Buffer.allocUnsafeSlow(slabBytes)
  readonly #free: PooledSlab[]
  #holds = 0

  constructor(free: PooledSlab[]) {
    this.#free = free
  }

  hold(): void {
    this.#holds += 1
  }

  release(): void {
    this.#holds -= 1
    if (this.#holds === 0 && this.#free.length < mostFree) this.#free.push(this)
  }
}

/** Slabs for one reader. What is on loan is bounded by whoever holds it, who stops reading in time. */
export class SlabPool {
  readonly #free: PooledSlab[] = []

  /** A slab that nobody else has, held once. */
  take(): Slab & { readonly bytes: Buffer } {
    const slab = this.#free.pop() ?? new PooledSlab(this.#free)
    slab.hold()
    return slab
  }
}

/** For bytes that came in a buffer of their own. */
export const ownMemory: Slab = { hold: () => {}, release: () => {} }
