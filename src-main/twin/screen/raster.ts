import { cell, eachDot } from './font.ts'

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Pixels of 0xRRGGBB, row by row from the top. */
export class Raster {
  readonly width: number
  readonly height: number
  readonly pixels: Uint32Array

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.pixels = new Uint32Array(width * height)
  }

  fill({ x, y, width, height }: Rectangle, color: number): void {
    for (let row = y; row < Math.min(this.height, y + height); row++) this.pixels.fill(color, row * this.width + x, row * this.width + Math.min(this.width, x + width))
  }

  /** One line, its dots `scale` pixels wide; what does not fit the width is cut off. */
  text(text: string, at: { readonly x: number; readonly y: number; readonly scale: number; readonly color: number }): void {
    eachDot(text.slice(0, Math.floor((this.width - at.x) / (cell.width * at.scale))), (x, y) => {
      this.fill({ x: at.x + x * at.scale, y: at.y + y * at.scale, width: at.scale, height: at.scale }, at.color)
    })
  }
}
