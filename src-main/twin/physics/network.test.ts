import { describe, expect, it } from 'vitest'
import { WorldClock } from '../time/world-clock.ts'
import { Link, Network } from './network.ts'

function wire(about: { mbps: number; lossPercent?: number }) {
  const clock = new WorldClock({ isManual: true })
  const network = new Network(clock)
  const link = new Link('cable', { latencyMs: 0.1, ...about })
  return { clock, network, path: [link] }
}

const onBroken = () => {}

describe('what queues before a wire', () => {
  it('grows while the wire is slower than the sender, up to what the sender buffers', () => {
    const { clock, network, path } = wire({ mbps: 200 })
    const flow = network.open({ path, onBroken })
    flow.sendUntil(1e12, () => {})
    const seen = [2, 10, 20, 60].map((seconds) => {
      clock.advance(seconds * 1000 - clock.now)
      return flow.queued
    })
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(seen[0]).toBeLessThan(1e6)
    expect(seen[2]).toBeGreaterThan(3e6)
    expect(seen[3]).toBe(4 * 1024 ** 2)
  })

  it('is nothing where a limit, the sender or loss is slower than the wire', () => {
    for (const [about, limit] of [[{ mbps: 200 }, 10_000], [{ mbps: 10_000, lossPercent: 1 }, Infinity]] as const) {
      const { clock, network, path } = wire(about)
      const flow = network.open({ path, limit, onBroken })
      flow.sendUntil(1e12, () => {})
      clock.advance(20_000)
      expect(flow.queued).toBe(0)
    }
  })

  it('is waited for by what is sent last, and is not counted as sent once more', () => {
    const { clock, network, path } = wire({ mbps: 200 })
    const flow = network.open({ path, onBroken })
    let arrivedAt = 0
    flow.sendUntil(500e6, () => flow.drain(() => (arrivedAt = clock.now)))
    const sentAt = 500e6 / path[0]!.capacity
    clock.advance(sentAt + 1)
    const { sent } = flow
    clock.advance(1000)
    expect(arrivedAt - sentAt).toBeGreaterThan(100)
    expect([sent, flow.sent]).toEqual([500e6, 500e6])
  })
})
