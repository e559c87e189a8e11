import type { Duplex } from 'node:stream'
import { abortable } from '../base/abort.ts'
import { Failure } from '../base/failure.ts'

/**
 * The smallest of libvirt's calls, AUTH_LIST (procedure 66 of the remote program, src/remote/remote_protocol.x), which a daemon answers to
 * anybody, before any login, as often as it is asked. A helper program says nothing when it has reached the daemon; this is how one knows.
 */
const authList = { program: 0x20008086, version: 1, procedure: 66 }
const headerSize = 28
const call = frame(0)

function frame(type: 0 | 1): Buffer {
  const bytes = Buffer.alloc(headerSize)
  const { program, version, procedure } = authList
  for (const [index, word] of [headerSize, program, version, procedure, type].entries()) bytes.writeUInt32BE(word, index * 4)
  return bytes
}

/** Sends the call. */
export function sayHello(stream: Duplex): void {
  stream.write(call)
}

/**
 * Reads exactly the reply, so that the stream can then be handed on as new. Rejects with `libvirt-no-route` where something else answers, with
 * the stream's error, or with `transport-closed` where it ends.
 */
export async function hearHello(stream: Duplex, signal: AbortSignal): Promise<void> {
  const length = (await read(stream, 4, signal)).readUInt32BE(0)
  if (length < headerSize || length > 4096) throw stranger()
  const body = await read(stream, length - 4, signal)
  const expected = frame(1)
  if (!body.subarray(0, 16).equals(expected.subarray(4, 20))) throw stranger()
}

function stranger(): Failure<'libvirt-no-route'> {
  return new Failure('libvirt-no-route', 'What answers does not speak libvirt’s protocol.')
}

async function read(stream: Duplex, size: number, signal: AbortSignal): Promise<Buffer> {
  for (;;) {
    const bytes = stream.read(size) as Buffer | null
    if (bytes?.length === size) return bytes
    if (bytes || stream.readableEnded || stream.destroyed) throw stream.errored ?? new Failure('transport-closed', 'The other side closed the channel.')
    await readable(stream, signal)
  }
}

async function readable(stream: Duplex, signal: AbortSignal): Promise<void> {
  const events = ['readable', 'end', 'close', 'error'] as const
  let wake = () => {}
  const woken = new Promise<void>((resolve) => {
    wake = resolve
  })
  for (const event of events) stream.on(event, wake)
  try {
    await abortable(woken, signal)
  } finally {
    for (const event of events) stream.off(event, wake)
  }
}
