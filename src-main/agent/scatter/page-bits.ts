/** One bit a page. */
export class PageBits {
  readonly #words: Uint8Array
  #count = 0

  constructor(pages: number) {
    this.#words = new Uint8Array(Math.ceil(pages / 8))
  }

  /** How many are set. */
  get count(): number {
    return this.#count
  }

  has(page: number): boolean {
    return ((this.#words[page >> 3] as number) & (1 << (page & 7))) !== 0
  }

  /** False where it was set already. */
  add(page: number): boolean {
    if (this.has(page)) return false
    this.#words[page >> 3] = (this.#words[page >> 3] as number) | (1 << (page & 7))
    this.#count += 1
    return true
  }
}
