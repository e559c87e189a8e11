import { createCipheriv } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { within } from '../../src-main/base/abort.ts'
import type { LabHost } from '../lab/host.ts'

const versionLength = 12
const vncAuthentication = 2

/** RFC 6143, 7.2.2: the challenge encrypted with DES, whose key is the password with the bits of each byte turned round. Three times the same key makes 3DES of it DES. */
function answerTo(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8)
  key.write(password.slice(0, 8), 'latin1')
  for (const [i, byte] of key.entries()) key[i] = Number.parseInt(byte.toString(2).padStart(8, '0').split('').reverse().join(''), 2)
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false)
  return Buffer.concat([cipher.update(challenge), cipher.final()])
}

/** Logs in to a guest's VNC display, which must listen on the host's address; answers whether the password was taken. Rejects where no password is asked for. */
export async function vncAccepts(host: LabHost, guest: string, password: string): Promise<boolean> {
  const display = Number((await host.virsh(['vncdisplay', guest])).trim().split(':').at(-1))
  const socket = connect(5900 + display, host.address)
  let bytes = Buffer.alloc(0)
  socket.on('data', (piece: Buffer) => (bytes = Buffer.concat([bytes, piece])))
  const failed = once(socket, 'close').then(() => Promise.reject(new Error('the display hung up')))
  failed.catch(() => {})
  const read = async (length: number): Promise<Buffer> => {
    while (bytes.length < length) await Promise.race([once(socket, 'data'), failed])
    const taken = bytes.subarray(0, length)
    bytes = bytes.subarray(length)
    return taken
  }
  try {
    return await within(20_000, 'The log-in to VNC', (async () => {
      await read(versionLength)
      socket.write('RFB 003.008\n')
      const [count = 0] = await read(1)
      const kinds = await read(count)
      if (!kinds.includes(vncAuthentication)) throw new Error(`the display asks for no password: ${[...kinds].join(', ')}`)
      socket.write(Buffer.from([vncAuthentication]))
      socket.write(answerTo(await read(16), password))
      return (await read(4)).readUInt32BE() === 0
    })())
  } finally {
    socket.destroy()
  }
}
