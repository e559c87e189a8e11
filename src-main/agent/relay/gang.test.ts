import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Failure } from '../../base/failure.ts'
import { Destination, pagesOf } from '../pages/channel.fixture.ts'
import { streamOf } from '../pages/stream.fixture.ts'
import type { GangSpec } from '../protocol/relay-spec.ts'
import { Gang } from './gang.ts'
import { GangRelay } from './gang-relay.ts'

const uuid = '6f1c0c2e-9c53-4e64-8f8a-0d0c6b8a1d11'
const route = { via: 'tunnel', host: 'nowhere', port: 1, serverName: 'two', identity: { ca: '', certificate: '', key: '' } } as const

/** A gang on its source, with a destination whose QEMUs take everything at once. */
class Scene {
  readonly destinations: Destination[] = []
  isOver = false
  readonly gang = new Gang(
    () => {
      const destination = new Destination()
      this.destinations.push(destination)
      return Promise.resolve(destination.near)
    },
    () => (this.isOver = true),
  )

  member(vm: number, change: Partial<GangSpec> = {}): GangRelay {
    const spec: GangSpec = { id: 'gang-of-two', vm, vms: 2, destination: 'two', rack: null, reaches: [], storeMiB: 16, residentMiB: 0, bandwidthMiBps: null, switching: 1, ...change }
    const relay = new GangRelay({ leg: { uuid, log: () => {}, mayBe: () => true }, spec, route, isPrecopy: true }, this.gang)
    onTestFinished(() => relay.close(new Failure('test', 'The test is over.')))
    return relay
  }
}

const never = new AbortController().signal

async function qemuAt(uri: string): Promise<Socket> {
  const qemu = connect(Number(uri.split(':').at(-1)), '127.0.0.1')
  qemu.on('error', () => {})
  await once(qemu, 'connect')
  return qemu
}

test('VMs of a gang share one channel, start and switch in turns, and all arrive; the last to leave closes it', async () => {
  const scene = new Scene()
  const relays = [scene.member(0), scene.member(1)]
  const qemus = []
  for (const relay of relays) qemus.push(await qemuAt(await relay.open('tcp:127.0.0.1:49152', never)))
  const bytes = [streamOf(pagesOf(4000)), streamOf(pagesOf(4000))]
  // The second has everything to say, and must wait: the first has not begun.
  qemus[1]!.end(bytes[1]!)
  const told: number[] = []
  relays[1]!.onDidCount(({ bytes: { fromQemu } }) => told.push(fromQemu))
  await new Promise<void>((resolve) => relays[1]!.onDidCount(() => resolve()))
  expect(told[0]).toBeLessThan(200_000)
  qemus[0]!.end(bytes[0]!)
  expect(await Promise.all(relays.map((relay) => relay.ended))).toEqual([null, null])
  expect(scene.destinations).toHaveLength(1)
  bytes.forEach((each, vm) => expect(scene.destinations[0]!.stream(vm).equals(each)).toBe(true))
  expect(scene.isOver).toBe(true)
  expect(await scene.destinations[0]!.receiver.over).toBe(null)
})

test('one that is given up breaks its QEMU’s connection alone, and a new member opens a new channel once the old one is gone', async () => {
  const scene = new Scene()
  const [first, second] = [scene.member(0), scene.member(1)]
  const qemus = [await qemuAt(await first.open('tcp:127.0.0.1:49152', never)), await qemuAt(await second.open('tcp:127.0.0.1:49153', never))]
  const closed = once(qemus[0]!, 'close')
  qemus[0]!.resume()
  first.close(new Failure('move-cancelled', 'Cancelled.'))
  await closed
  expect(await first.ended).toMatchObject({ code: 'move-cancelled' })
  qemus[1]!.end(streamOf(pagesOf(50)))
  expect(await second.ended).toBe(null)
  const again = scene.member(0)
  const qemu = await qemuAt(await again.open('tcp:127.0.0.1:49154', never))
  qemu.end(streamOf(pagesOf(5)))
  expect(await again.ended).toBe(null)
  expect(scene.destinations).toHaveLength(2)
})

test('a VM that is to move by post-copy, or to a QEMU that others could reach, is refused before its memory moves', async () => {
  const scene = new Scene()
  const relay = scene.member(0)
  await expect(relay.open('tcp:192.0.2.7:49152', never)).rejects.toMatchObject({ code: 'relay-uri' })
  relay.close(new Failure('move-ended', 'The move has ended.'))
  expect(await relay.ended).toMatchObject({ code: 'move-ended' })
  const hybrid = new GangRelay({ leg: { uuid, log: () => {} }, spec: { id: 'gang-of-two', vm: 1, vms: 2, destination: 'two', rack: null, reaches: [], storeMiB: 16, residentMiB: 0, bandwidthMiBps: null, switching: 1 }, route, isPrecopy: false }, scene.gang)
  await expect(hybrid.open('tcp:127.0.0.1:49152', never)).rejects.toMatchObject({ code: 'gang-postcopy' })
  hybrid.close(new Failure('move-ended', 'The move has ended.'))
  expect(scene.isOver).toBe(true)
})
