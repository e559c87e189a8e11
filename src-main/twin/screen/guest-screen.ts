import { dirtied } from '../physics/dirtying.ts'
import type { Guest } from '../guest.ts'
import { Raster, type Rectangle } from './raster.ts'

const colors = { back: 0x10161d, bar: 0x2a3440, text: 0xd7dee6, dim: 0x8a97a5, memory: 0x4f7db8, hot: 0xe0a030, demo: 0x7fb2ff } as const
const left = 24
const width = 640
const bar = { x: left, y: 232, width: width - 2 * left, height: 22 } as const
/** Letters of what is typed that are kept. */
const promptLength = 40

/** What a simulated guest's display shows: who it is, a clock that goes while it runs, what its memory holds, and what is typed. */
export class GuestScreen {
  readonly raster = new Raster(width, 400)
  readonly #name: string
  readonly #guest: Guest
  readonly #shown = new Map<string, string>()
  #typed = ''

  constructor(name: string, guest: Guest) {
    this.#name = name
    this.#guest = guest
    this.raster.fill({ x: 0, y: 0, width, height: 400 }, colors.back)
  }

  /** A key went down: its X keysym (X11R7, keysymdef.h). Latin letters are shown, Return and Backspace do what they do. */
  key(keysym: number): void {
    if (keysym === 0xff08) this.#typed = this.#typed.slice(0, -1)
    else if (keysym === 0xff0d) this.#typed = ''
    else if (keysym >= 0x20 && keysym < 0x7f && this.#typed.length < promptLength) this.#typed += String.fromCharCode(keysym)
  }

  /** Draws the guest as it is `now`, in virtual ms, and says where that differs from the last time. */
  paint(now: number): Rectangle[] {
    const { about } = this.#guest
    const changes = [
      this.#line('demo', { y: 20, scale: 2, color: colors.demo }, 'Demo: a simulated guest'),
      this.#line('name', { y: 56, scale: 5, color: colors.text }, this.#name),
      this.#line('about', { y: 116, scale: 2, color: colors.dim }, `${about.vcpus} vCPU, ${about.memoryMiB} MiB, ${about.process.kind === 'fixed' ? 'steady writer' : about.process.kind}`),
      this.#line('clock', { y: 152, scale: 4, color: colors.text }, clockOf(now)),
      this.#line('memory', { y: 208, scale: 2, color: colors.dim }, `Memory: ${Math.round(this.#guest.used / 256)} of ${about.memoryMiB} MiB used`),
      this.#memoryBar(),
      this.#line('writes', { y: 268, scale: 2, color: colors.hot }, `Writes ${Math.round(this.#guest.dirtiedIn(1000) / 256)} MiB/s`),
      this.#line('prompt', { y: 340, scale: 2, color: colors.text }, `${this.#name} login: ${this.#typed}_`),
    ]
    return changes.filter((change) => change !== null)
  }

  #line(key: string, at: { y: number; scale: number; color: number }, text: string): Rectangle | null {
    if (this.#shown.get(key) === text) return null
    this.#shown.set(key, text)
    const place = { x: left, y: at.y, width: width - 2 * left, height: 9 * at.scale }
    this.raster.fill(place, colors.back)
    this.raster.text(text, { x: left, ...at })
    return place
  }

  /** All of its memory, of it what has content, and of that what was written within ten seconds. */
  #memoryBar(): Rectangle | null {
    const { used, pages, dirtying, isRunning, share } = this.#guest
    const usedWidth = Math.round((bar.width * used) / Math.max(1, pages))
    const hotWidth = Math.min(usedWidth, Math.round((bar.width * (isRunning ? dirtied(dirtying, 10_000, share) : 0)) / Math.max(1, pages)))
    const state = `${usedWidth} ${hotWidth}`
    if (this.#shown.get('bar') === state) return null
    this.#shown.set('bar', state)
    this.raster.fill(bar, colors.bar)
    this.raster.fill({ ...bar, width: usedWidth }, colors.memory)
    this.raster.fill({ ...bar, width: hotWidth }, colors.hot)
    return bar
  }
}

function clockOf(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, '0')).join(':')
}
