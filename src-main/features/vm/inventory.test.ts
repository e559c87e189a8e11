import { describe, expect, it } from 'vitest'
import type { InventoryFrame } from '../../contract/inventory.ts'
import type { VmView } from '../../contract/vm.ts'
import type { SampleRow } from './frame.ts'
import { Inventory } from './inventory.ts'

function vm(n: number, state: VmView['state'] = 'running'): VmView {
  return {
    n,
    ref: { host: 'a', uuid: `uuid-${n}` },
    name: `vm${n}`,
    title: null,
    state,
    reason: 'booted',
    tags: [],
    vcpus: 1,
    memoryKiB: 1024,
    isPersistent: true,
    hasAutostart: false,
    hasManagedSave: false,
    job: null,
    console: { hasSerial: true, hasVnc: false, hasSpice: false },
  }
}

const row = (cpu: number): SampleRow => ({ cpu, memory: 1, read: 0, write: 0, rx: 0, tx: 0 })

async function take(frames: AsyncGenerator<InventoryFrame, void>): Promise<InventoryFrame> {
  const next = await frames.next()
  if (next.done) throw new Error('the subscription ended')
  return next.value
}

describe('the inventory', () => {
  it('starts with a snapshot and goes on with what changed', async () => {
    const inventory = new Inventory()
    inventory.setVm(vm(1))
    const stop = new AbortController()
    const frames = inventory.watch('s', stop.signal)
    const first = await take(frames)
    expect(first).toMatchObject({ seq: 1, isSnapshot: true, vms: [{ name: 'vm1' }] })
    const second = take(frames)
    inventory.setVm(vm(1, 'paused'))
    inventory.setVm(vm(2))
    expect(await second).toMatchObject({ seq: 2, isSnapshot: false, vms: [{ state: 'paused' }, { name: 'vm2' }] })
    stop.abort()
    await expect(frames.next()).rejects.toThrow()
  })

  it('holds frames back while two are unacknowledged, and merges what happens meanwhile', async () => {
    const inventory = new Inventory()
    inventory.setVm(vm(1))
    const stop = new AbortController()
    const frames = inventory.watch('s', stop.signal)
    await take(frames)
    inventory.sampleVm(1, row(1))
    await take(frames)
    const held = take(frames)
    for (let i = 2; i < 1000; i++) inventory.sampleVm(1, row(i))
    inventory.ack('s', 1)
    const frame = await held
    expect(frame.seq).toBe(3)
    expect(frame.vmSamples.cpu).toEqual([999])
    stop.abort()
  })

  it('sends no sample that would draw the same', async () => {
    const inventory = new Inventory()
    inventory.setVm(vm(1))
    inventory.sampleVm(1, row(5))
    const stop = new AbortController()
    const frames = inventory.watch('s', stop.signal)
    expect((await take(frames)).vmSamples.cpu).toEqual([5])
    inventory.sampleVm(1, row(5))
    const next = take(frames)
    inventory.removeVm({ host: 'a', uuid: 'uuid-1' })
    expect(await next).toMatchObject({ removedVms: [{ host: 'a', uuid: 'uuid-1' }], vmSamples: { n: [] } })
    stop.abort()
  })

  it('gives a reopened subscription a fresh snapshot and ends the old one', async () => {
    const inventory = new Inventory()
    inventory.setVm(vm(1))
    const stop = new AbortController()
    const old = inventory.watch('s', stop.signal)
    await take(old)
    const waiting = old.next()
    const fresh = inventory.watch('s', stop.signal)
    expect(await take(fresh)).toMatchObject({ seq: 1, isSnapshot: true })
    expect((await waiting).done).toBe(true)
    stop.abort()
  })
})
