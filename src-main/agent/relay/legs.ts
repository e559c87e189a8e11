import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Failure, messageOf } from '../../base/failure.ts'
import { mayBeQemu } from './qemu-owner.ts'
import { ownerOfCaller, ownerOfListener } from './socket-owner.ts'

// The legs between QEMU and a relay on its own host. They are plain TCP on loopback, so exactly QEMU's one connection is taken, and nobody else's.

export interface LegOptions {
  /** Of the VM. */
  readonly uuid: string
  readonly log: (level: 'info' | 'warning', text: string) => void
  /** Whether a user may be at the other end; default: root and the user of the VM's QEMU. */
  readonly mayBe?: (uid: number | null) => boolean
}

/** Where the source's QEMU is to send its stream. */
export interface SourceLeg {
  /** For Perform's `migrate_uri`. */
  readonly uri: string
  /** QEMU's connection, once it has come; nobody is let in after it. Rejects when the leg is closed before. The taker destroys it. */
  readonly connection: Promise<Socket>
  /** Ends the listening; a connection that was taken stays. */
  close(): void
}

/** Listens on a free loopback port for the one connection of the source's QEMU. Strangers are refused and logged. */
export async function openSourceLeg(options: LegOptions): Promise<SourceLeg> {
  const mayBe = options.mayBe ?? ((uid: number | null) => mayBeQemu(uid, options.uuid))
  let settle: { resolve: (socket: Socket) => void; reject: (reason: Error) => void } | null = null
  const connection = new Promise<Socket>((resolve, reject) => (settle = { resolve, reject }))
  // Whoever closes a leg need not have waited for its connection.
  connection.catch(() => {})
  let isTaken = false
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    const uid = ownerOfCaller(socket.remotePort ?? 0, socket.localPort ?? 0)
    if (isTaken || !mayBe(uid)) {
      options.log('warning', `relay ${options.uuid}: refused a connection of user ${uid ?? 'unknown'}${isTaken ? ': QEMU is connected already' : ''}`)
      return void socket.destroy()
    }
    isTaken = true
    server.close()
    settle?.resolve(socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port: 0, exclusive: true }, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    uri: `tcp:127.0.0.1:${port}`,
    connection,
    close() {
      server.close()
      settle?.reject(new Failure('relay-closed', 'The relay was closed before QEMU came.'))
    },
  }
}

/** The port of Prepare's `uri_out`, which must be on loopback. Throws `relay-uri`. */
export function loopbackPort(uri: string): number {
  const port = /^tcp:(?:\/\/)?127\.0\.0\.1:(\d{1,5})\/?$/.exec(uri)?.[1]
  if (port === undefined) throw new Failure('relay-uri', 'The destination’s QEMU does not listen where its agent can reach it alone.', { evidence: uri })
  return Number(port)
}

/** Connects to the destination's QEMU, which waits on a loopback port since Prepare. Rejects with `relay-stranger` when it is somebody else who listens, `relay-no-qemu` when nobody does. */
export async function dialDestinationLeg(port: number, options: LegOptions): Promise<Socket> {
  const mayBe = options.mayBe ?? ((uid: number | null) => mayBeQemu(uid, options.uuid))
  const uid = ownerOfListener(port)
  if (uid !== null && !mayBe(uid)) {
    throw new Failure('relay-stranger', `Somebody else than QEMU listens on port ${port} of the destination.`, { evidence: `user ${uid}` })
  }
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    socket.once('connect', () => {
      socket.off('error', failed)
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
    const failed = (thrown: Error) => reject(new Failure('relay-no-qemu', 'The destination’s QEMU does not take the connection of its agent.', { evidence: messageOf(thrown), cause: thrown }))
    socket.once('error', failed)
  })
}
