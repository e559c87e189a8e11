import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { onTestFinished } from 'vitest'
import { makeMoveIdentities } from '../tunnel/move-identities.ts'

/** The two ends of a connection: the one that accepted it, and the one that dialled. They are destroyed with the test. */
export async function plainSockets(): Promise<[Duplex, Duplex]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [far] = (await once(server, 'connection')) as [Socket]
  server.close()
  return lent(far, near)
}

export async function tlsSockets(): Promise<[Duplex, Duplex]> {
  const { source, destination, serverName } = makeMoveIdentities('job-00000001')
  const server = createTlsServer({ ca: destination.ca, cert: destination.certificate, key: destination.key, requestCert: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connectTls({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ca: source.ca, cert: source.certificate, key: source.key, servername: serverName })
  const [far] = (await once(server, 'secureConnection')) as [Duplex]
  server.close()
  return lent(far, near)
}

function lent(...ends: [Duplex, Duplex]): [Duplex, Duplex] {
  onTestFinished(() => ends.forEach((end) => void end.destroy()))
  return ends
}
