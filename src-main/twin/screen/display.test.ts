import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { readDomain } from '../../libvirt/xml/domain/domain.ts'
import { smallLab, WorldRig } from '../world.fixture.ts'

let rig: WorldRig
afterEach(() => rig?.close())

async function displayOf(name: string, host = 'left'): Promise<{ host: string; port: number }> {
  const connection = await rig.open(host)
  const { xml } = await connection.call('domainGetXmlDesc', { dom: rig.domain(name), flags: 0 })
  const [graphics] = readDomain(xml).devices.graphics
  return { host: '127.0.0.1', port: graphics?.port ?? 0 }
}

async function dial(name: string, host = 'left'): Promise<Viewer> {
  const { host: address, port } = await displayOf(name, host)
  return new Viewer(await (await rig.world.openTransport(host)).openTcp(address, port))
}

/** A viewer of the protocol's bare needs. */
class Viewer {
  readonly stream: Duplex
  #bytes = Buffer.alloc(0)

  constructor(stream: Duplex) {
    this.stream = stream
    stream.on('data', (chunk: Buffer) => (this.#bytes = Buffer.concat([this.#bytes, chunk])))
  }

  async take(count: number): Promise<Buffer> {
    while (this.#bytes.length < count) await once(this.stream, 'data')
    const taken = this.#bytes.subarray(0, count)
    this.#bytes = this.#bytes.subarray(count)
    return taken
  }

  async begin(): Promise<{ width: number; height: number; name: string }> {
    expect((await this.take(12)).toString()).toBe('RFB 003.008\n')
    this.stream.write('RFB 003.008\n')
    expect([...(await this.take(2))]).toEqual([1, 1])
    this.stream.write(Buffer.from([1]))
    expect((await this.take(4)).readUInt32BE(0)).toBe(0)
    this.stream.write(Buffer.from([1]))
    const head = await this.take(24)
    return { width: head.readUInt16BE(0), height: head.readUInt16BE(2), name: (await this.take(head.readUInt32BE(20))).toString() }
  }

  /** Rectangles of the next update, with their pixels of so many bytes. */
  async update(isIncremental: boolean, bytes = 4): Promise<{ x: number; y: number; width: number; height: number; pixels: Buffer }[]> {
    this.stream.write(Buffer.from([3, isIncremental ? 1 : 0, 0, 0, 0, 0, 2, 128, 1, 144]))
    const count = (await this.take(4)).readUInt16BE(2)
    const rectangles = []
    for (let i = 0; i < count; i++) {
      const head = await this.take(12)
      const [x, y, width, height] = [0, 2, 4, 6].map((at) => head.readUInt16BE(at)) as [number, number, number, number]
      rectangles.push({ x, y, width, height, pixels: await this.take(width * height * bytes) })
    }
    return rectangles
  }
}

describe('the display of a simulated guest', () => {
  it('has a port while the guest runs, and another than its neighbour', async () => {
    rig = new WorldRig(smallLab({ name: 'one' }, { name: 'two' }, { name: 'off', state: 'off' }, { name: 'blind', display: 'none' }))
    const ports = await Promise.all(['one', 'two', 'off', 'blind'].map(async (name) => (await displayOf(name)).port))
    expect(ports[0]).toBeGreaterThanOrEqual(5900)
    expect(ports[1]).toBeGreaterThan(ports[0] ?? 0)
    expect(ports.slice(2).every((port) => port <= 0)).toBe(true)
  })

  it('draws all when asked for all, and then only what changed', async () => {
    rig = new WorldRig(smallLab({ name: 'seen', process: { kind: 'web' } }))
    const viewer = await dial('seen')
    expect(await viewer.begin()).toEqual({ width: 640, height: 400, name: 'seen (demo)' })
    const [whole] = await viewer.update(false)
    expect(whole).toMatchObject({ x: 0, y: 0, width: 640, height: 400 })
    expect(new Set(new Uint32Array(new Uint8Array(whole!.pixels).buffer)).size).toBeGreaterThan(4)
    const ticked = await viewer.update(true)
    expect(ticked.length).toBeGreaterThan(0)
    expect(ticked.every(({ height }) => height < 100)).toBe(true)
  })

  it('speaks the pixels that the viewer wants, and shows what is typed', async () => {
    rig = new WorldRig(smallLab({ name: 'typed' }), { isManual: true })
    const viewer = await dial('typed')
    await viewer.begin()
    // 16 bits, big endian, 5-6-5.
    viewer.stream.write(Buffer.from([0, 0, 0, 0, 16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0]))
    await viewer.update(false, 2)
    viewer.stream.write(Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61]))
    const [line, ...others] = await viewer.update(true, 2)
    expect(others).toEqual([])
    expect(new Set(line!.pixels).size).toBeGreaterThan(1)
  })

  it('ends with its QEMU, also when the guest moves away, and is there at the new host', async () => {
    rig = new WorldRig(smallLab({ name: 'moved' }))
    const viewer = await dial('moved')
    await viewer.begin()
    const ended = once(viewer.stream, 'end')
    expect((await (await rig.move('moved', 'left', 'right')).outcome).outcome).toBe('moved')
    await ended
    expect((await (await dial('moved', 'right')).begin()).name).toBe('moved (demo)')
    const right = await rig.open('right')
    const { xml } = await right.call('domainGetXmlDesc', { dom: rig.domain('moved'), flags: 2 })
    expect(xml).toContain("port='-1'")
  })

  it('drops a viewer that does not speak the protocol', async () => {
    rig = new WorldRig(smallLab({ name: 'odd' }))
    const viewer = await dial('odd')
    await viewer.begin()
    const ended = once(viewer.stream, 'end')
    viewer.stream.write(Buffer.from([77, 0, 0, 0]))
    await ended
  })

  it('refuses a port at which nobody listens', async () => {
    rig = new WorldRig(smallLab({ name: 'none' }))
    await expect((await rig.world.openTransport('left')).openTcp('127.0.0.1', 6000)).rejects.toMatchObject({ code: 'tcp-connect-failed' })
  })
})
