import { dirtied, type Dirtying } from './physics/dirtying.ts'
import { hot, loadOf, pageBytes, usedPages, type GuestLoad } from './physics/process.ts'
import { hashOf } from './physics/random.ts'
import type { VmDescription } from './lab.ts'

export interface Counters {
  readonly cpuNs: number
  readonly readBytes: number
  readonly writtenBytes: number
  readonly receivedBytes: number
  readonly sentBytes: number
}

const nothing: Counters = { cpuNs: 0, readBytes: 0, writtenBytes: 0, receivedBytes: 0, sentBytes: 0 }

/** What a VM is apart from the host that it is on: its memory, and what runs in it. It moves; definitions are made anew. */
export class Guest {
  readonly about: VmDescription
  readonly pages: number
  readonly used: number
  readonly #plain: GuestLoad
  readonly #phase: number
  #load: GuestLoad
  /** Counters up to the moment when it last began or ceased to run. */
  #base = nothing
  #runsSince: number | null = null
  /** Part of its CPU time that auto-converge and a crowded host leave it. */
  share = 1

  constructor(about: VmDescription, seed: number) {
    this.about = about
    this.pages = about.memoryMiB * 256
    this.used = usedPages(about)
    this.#plain = this.#load = loadOf(about)
    this.#phase = (hashOf(about.name, seed) / 4294967296) * 2 * Math.PI
  }

  get isRunning(): boolean {
    return this.#runsSince !== null
  }

  get usedBytes(): number {
    return this.used * pageBytes
  }

  get dirtying(): readonly Dirtying[] {
    return this.#load.dirtying
  }

  /** Of all its vCPUs, 0 to 1. */
  get cpuShare(): number {
    return this.#load.cpuShare
  }

  /** Distinct pages written in so many ms of running. */
  dirtiedIn(milliseconds: number): number {
    return this.isRunning ? dirtied(this.#load.dirtying, milliseconds, this.share) : 0
  }

  setHot(isHot: boolean, lived: number): void {
    this.#settle(lived)
    this.#load = isHot ? hot(this.#plain, this.used) : this.#plain
  }

  run(lived: number): void {
    if (this.#runsSince === null) this.#runsSince = lived
  }

  halt(lived: number): void {
    this.#settle(lived)
    this.#runsSince = null
  }

  /** A new QEMU counts from nothing. */
  reset(lived: number): void {
    this.halt(lived)
    this.#base = nothing
  }

  /** Growing with real time, and never falling while one QEMU runs it. A slow wave makes it look alive; it is reckoned in closed form, so nobody need keep time for it. */
  counters(lived: number): Counters {
    if (this.#runsSince === null) return this.#base
    const from = this.#runsSince / 1000
    const to = lived / 1000
    const wave = (t: number) => t - (0.3 / 0.21) * Math.cos(0.21 * t + this.#phase)
    const seconds = Math.max(0, wave(to) - wave(from))
    const { cpuShare, networkBytesPerSecond, diskBytesPerSecond } = this.#load
    // The wave never goes above what the CPUs have.
    const cpu = Math.min(cpuShare * seconds, to - from) * this.about.vcpus * this.share
    return {
      cpuNs: Math.round(this.#base.cpuNs + cpu * 1e9),
      readBytes: Math.round(this.#base.readBytes + diskBytesPerSecond * seconds * 0.4),
      writtenBytes: Math.round(this.#base.writtenBytes + diskBytesPerSecond * seconds * 0.6),
      receivedBytes: Math.round(this.#base.receivedBytes + networkBytesPerSecond * seconds * 0.45),
      sentBytes: Math.round(this.#base.sentBytes + networkBytesPerSecond * seconds * 0.55),
    }
  }

  #settle(lived: number): void {
    this.#base = this.counters(lived)
    if (this.#runsSince !== null) this.#runsSince = lived
  }
}
