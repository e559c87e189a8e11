import { randomBytes } from 'node:crypto'
import { duplexPair, type Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import type { Failure } from '../../base/failure.ts'
import { Pacer } from './pacer.ts'
import { PageReceiver, type ReceiverOptions } from './page-receiver.ts'
import { PageSender } from './page-sender.ts'
import type { SenderStream } from './sender-stream.ts'

const uuid = '6f1c0c2e-9c53-4e64-8f8a-0d0c6b8a1d11'

/** A destination host with its end of a channel. */
export class Destination {
  readonly qemus: Duplex[] = []
  readonly receiver: PageReceiver
  /** The source's end of what lies between the agents, and this one's. */
  readonly near: Duplex
  readonly far: Duplex
  readonly #got: Buffer[][] = []
  constructor(options: Partial<ReceiverOptions> = {}, isReading = true) {
    ;[this.near, this.far] = duplexPair()
    this.receiver = new PageReceiver(this.far, {
      slots: 4096,
      window: 1024 * 1024,
      patienceMs: 5000,
      log: () => {},
      dialPeer: () => Promise.reject(new Error('no rack')),
      dialQemu: () => {
        const [agent, qemu] = duplexPair()
        const got: Buffer[] = []
        this.#got.push(got)
        this.qemus.push(qemu)
        qemu.on('error', () => {})
        if (isReading) qemu.on('data', (chunk: Buffer) => got.push(chunk))
        qemu.on('end', () => qemu.end())
        // As a socket does.
        agent.on('end', () => agent.end())
        return Promise.resolve(agent)
      },
      ...options,
    })
    onTestFinished(() => void this.far.destroy())
  }
  stream(number: number): Buffer {
    return Buffer.concat(this.#got[number]!)
  }
}

export const open = (destination: Destination, pacer = new Pacer(() => {})) => PageSender.open(destination.near, { answerMs: 5000, pacer })
export const openStream = (sender: PageSender, vm: number) => sender.openStream(vm, { uuid, port: 1000 + vm })

/** Plays a source's QEMU; resolves to how the stream ended. */
export async function play(stream: SenderStream, bytes: Buffer, chunk = 65_536, [agent, qemu] = duplexPair()): Promise<Failure | null> {
  qemu.on('error', () => {})
  stream.attach(agent)
  for (let at = 0; at < bytes.length && !qemu.destroyed; at += chunk) {
    if (!qemu.write(bytes.subarray(at, at + chunk))) await Promise.race([new Promise((resolve) => qemu.once('drain', resolve)), stream.ended])
  }
  qemu.end()
  return stream.ended
}

export const pagesOf = (count: number) => Array.from({ length: count }, () => randomBytes(4096))
