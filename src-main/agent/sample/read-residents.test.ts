import { expect, onTestFinished, test } from 'vitest'
import { Connection } from '../../libvirt/client/connection.ts'
import { FarSide, Refusal } from '../../libvirt/client/far-side.fixture.ts'
import { domainStates, runningReasons } from '../../libvirt/wire/constants/domain-state.ts'
import { readResidents } from './read-residents.ts'

const uuidOf = (number: number) => `6f1c0c2e-9c53-4e64-8f8a-${String(number).padStart(12, '0')}`
const mib = 1024 * 1024

/** A daemon with these running VMs, of 4 MiB each unless said; each byte of a VM's memory is its number. */
async function daemon(vms: readonly { number: number; memoryMiB?: number; reason?: keyof typeof runningReasons }[]) {
  const far = new FarSide()
  const found = (name: string) => vms.find(({ number }) => name === `vm-${number}`)!
  far.on('connectListAllDomains', () => ({ domains: vms.map(({ number }) => ({ name: `vm-${number}`, uuid: uuidOf(number), id: number })), ret: vms.length }))
  far.on('domainGetState', ({ dom }) => ({ state: domainStates.running, reason: runningReasons[found(dom.name).reason ?? 'booted'] }))
  far.on('domainGetMaxMemory', ({ dom }) => ({ memory: (found(dom.name).memoryMiB ?? 4) * 1024 }))
  far.on('domainMemoryPeek', ({ dom, size }) => ({ buffer: Buffer.alloc(size, found(dom.name).number) }))
  const connection = await Connection.open(far.near)
  onTestFinished(() => connection.close())
  const got: number[] = []
  const read = (most = Number.POSITIVE_INFINITY, signal = new AbortController().signal) => readResidents(connection, { take: (memory) => got.push(memory[0]!) < most, share: () => 1, signal })
  return { far, got, read }
}

test('reads a piece of each VM in turn, from above the firmware’s first MiB to its end', async () => {
  const { far, got, read } = await daemon([{ number: 1 }, { number: 2, memoryMiB: 3 }])
  expect(await read()).toEqual({ vms: 2, bytes: 5 * mib })
  expect(got).toEqual([1, 2, 1, 2, 1])
  expect(far.argsOf('domainMemoryPeek').map(({ offset, flags }) => [offset, flags])).toEqual([1, 1, 2, 2, 3].map((at) => [at * mib, 2]))
})

test('a VM whose memory is still to come is left out, and so is one that cannot be read', async () => {
  const { far, got, read } = await daemon([{ number: 1, reason: 'postcopy' }, { number: 2 }, { number: 3, memoryMiB: 2 }])
  far.on('domainMemoryPeek', ({ dom, size }) => {
    if (dom.name === 'vm-2') throw new Refusal('VIR_ERR_OPERATION_INVALID')
    return { buffer: Buffer.alloc(size, 3) }
  })
  expect(await read()).toEqual({ vms: 1, bytes: mib })
  expect(got).toEqual([3])
})

test('stops where no more is wanted, and where nobody waits for it any longer', async () => {
  const first = await daemon([{ number: 1 }, { number: 2 }])
  expect(await first.read(2)).toEqual({ vms: 2, bytes: 2 * mib })
  const second = await daemon([{ number: 1 }])
  const enough = new AbortController()
  const asked = second.far.mute('domainMemoryPeek')
  const reading = second.read(9, enough.signal)
  await asked
  enough.abort()
  expect(await reading).toEqual({ vms: 0, bytes: 0 })
})
