import { createHash, randomBytes } from 'node:crypto'

export const sealLength = 16

/**
 * Seals pages that are handed to a depot, which does not know the job's secret: SHA-256 over secret, page number and content, truncated. Input of a fixed length, hence no HMAC.
 * A depot that returns another page, another content or something of its own is found out.
 */
export class Sealer {
  readonly #prefix: Buffer

  /** `secret`: 32 bytes, hexadecimal. */
  constructor(secret: string) {
    this.#prefix = Buffer.concat([Buffer.from(secret, 'hex'), Buffer.alloc(4)])
  }

  static newSecret(): string {
    return randomBytes(32).toString('hex')
  }

  seal(page: number, data: Buffer, into: Buffer, at: number): void {
    this.#digest(page, data).copy(into, at, 0, sealLength)
  }

  isSound(page: number, data: Buffer, seal: Buffer): boolean {
    return this.#digest(page, data).compare(seal, 0, sealLength, 0, sealLength) === 0
  }

  #digest(page: number, data: Buffer): Buffer {
    this.#prefix.writeUInt32BE(page, this.#prefix.length - 4)
    return createHash('sha256').update(this.#prefix).update(data).digest()
  }
}
