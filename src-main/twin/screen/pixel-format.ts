import type { Raster, Rectangle } from './raster.ts'

/** RFC 6143, section 7.4, of true colour. */
export interface PixelFormat {
  readonly bytes: 1 | 2 | 4
  readonly isBigEndian: boolean
  readonly max: readonly [number, number, number]
  readonly shift: readonly [number, number, number]
}

/** What the server offers: 32 bits, blue in the lowest byte. */
export const ownFormat: PixelFormat = { bytes: 4, isBigEndian: false, max: [255, 255, 255], shift: [16, 8, 0] }

export function encodeFormat({ bytes, isBigEndian, max, shift }: PixelFormat): Buffer {
  const wire = Buffer.alloc(16)
  wire.set([bytes * 8, bytes === 4 ? 24 : bytes * 8, isBigEndian ? 1 : 0, 1])
  max.forEach((each, i) => wire.writeUInt16BE(each, 4 + 2 * i))
  shift.forEach((each, i) => wire.writeUInt8(each, 10 + i))
  return wire
}

/** Null for what is no true colour of 8, 16 or 32 bits. */
export function decodeFormat(wire: Buffer): PixelFormat | null {
  const bytes = wire.readUInt8(0) / 8
  if ((bytes !== 1 && bytes !== 2 && bytes !== 4) || wire.readUInt8(3) === 0) return null
  const three = (read: (i: number) => number): [number, number, number] => [read(0), read(1), read(2)]
  const shift = three((i) => wire.readUInt8(10 + i))
  if (shift.some((each) => each >= bytes * 8)) return null
  return { bytes, isBigEndian: wire.readUInt8(2) !== 0, max: three((i) => wire.readUInt16BE(4 + 2 * i)), shift }
}

/** A rectangle in the raw encoding (section 7.7.1), with its header. */
export function encodeRectangle(raster: Raster, { x, y, width, height }: Rectangle, format: PixelFormat): Buffer {
  const { bytes, isBigEndian, max, shift } = format
  const wire = Buffer.alloc(12 + width * height * bytes)
  ;[x, y, width, height].forEach((each, i) => wire.writeUInt16BE(each, 2 * i))
  let at = 12
  for (let row = y; row < y + height; row++) {
    for (let column = x; column < x + width; column++) {
      const pixel = raster.pixels[row * raster.width + column] ?? 0
      const part = (i: 0 | 1 | 2) => (Math.round((((pixel >>> (16 - 8 * i)) & 255) * max[i]) / 255) << shift[i]) >>> 0
      const value = (part(0) | part(1) | part(2)) >>> 0
      if (isBigEndian) wire.writeUIntBE(value, at, bytes)
      else wire.writeUIntLE(value, at, bytes)
      at += bytes
    }
  }
  return wire
}
