import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import type { AgentLink } from './agent-link.ts'
import { openJobTunnels, type Listening } from './job-tunnels.ts'

type Asked = Parameters<AgentLink['openTunnel']>[0]

function agents(broken: readonly string[] = []) {
  const asked = new Map<string, Asked>()
  const closed: string[] = []
  const at = (name: string, carries: 'pages' | 'all'): Listening => ({
    name,
    address: `10.0.0.${name.length}`,
    carries,
    link: {
      async openTunnel(tunnel: Asked) {
        if (broken.includes(name)) throw new Error(`${name} is broken`)
        asked.set(name, tunnel)
        return { port: 50_000 + asked.size }
      },
      closeTunnel: async () => void closed.push(name),
    } as unknown as AgentLink,
  })
  return { asked, closed, at: [at('two', 'all'), at('three', 'pages'), at('fourth', 'pages')] }
}

const fingerprintOf = ({ identity }: Asked) => new X509Certificate(identity.certificate).fingerprint256

test('every agent of a job lets in all the others and nobody else, each with a key of its own', async () => {
  const { asked, at } = agents()
  const { routes, between } = await openJobTunnels({ job: 'job-00000001', at, ports: [0, 0] })
  const [two, three, fourth] = ['two', 'three', 'fourth'].map((name) => asked.get(name)!)
  expect([two!.carries, three!.carries]).toEqual(['all', 'pages'])
  expect(new Set([two, three, fourth].map((each) => each!.identity.key)).size).toBe(3)
  const source = new X509Certificate(routes[0]!.identity.certificate).fingerprint256
  expect(new Set(three!.peerFingerprints)).toEqual(new Set([source, fingerprintOf(two!), fingerprintOf(fourth!)]))
  expect(routes.map(({ host, port }) => [host, port])).toEqual([['10.0.0.3', 50_001], ['10.0.0.5', 50_002], ['10.0.0.6', 50_003]])
  // A depot dials the destination with its own key.
  expect(between(1, 0)).toMatchObject({ host: '10.0.0.3', serverName: routes[0]!.serverName, identity: three!.identity })
  expect(between(1, 7)).toBeNull()
})

test('one that cannot listen fails the whole, and nothing stays open', async () => {
  const { closed, at } = agents(['three'])
  await expect(openJobTunnels({ job: 'job-00000001', at, ports: [0, 0] })).rejects.toThrow('three is broken')
  expect(closed).toEqual(['two', 'three', 'fourth'])
})
