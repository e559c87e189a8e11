import { expect, test } from 'vitest'
import { moveOptions } from '../../../contract/migration.ts'
import { Failure } from '../../../base/failure.ts'
import { LibvirtError } from '../../../libvirt/client/libvirt-error.ts'
import type { HostDirectory } from '../../host/host-session.ts'
import { resolve } from './locate.ts'

const uuid = '0a4ff7ac-6b1f-4b9f-8f2a-5d4f4d1d0002'
/** virDomainState and reason: paused by a migration, which no real pair of daemons stays in on demand. */
const pausedByMove = [3, 2] as const
const running = [1, 2] as const

/** Daemons of three hosts, by what they say of the VM; null: there is none; `away`: not connected. */
function directory(hosts: Record<string, readonly [number, number] | null | 'away'>): HostDirectory {
  return {
    list: () => Object.keys(hosts).map((id) => ({ id })),
    name: (id: string) => `host ${id}`,
    session(host: string) {
      if (hosts[host] === 'away') throw new Failure('host-offline', 'It is away.')
      return {
        connection: {
          async call(name: string) {
            const said = hosts[host]
            if (!said || said === 'away') throw new LibvirtError(name, { code: 42, domain: 10, message: 'Domain not found', level: 2, dom: null, str1: null, str2: null, str3: null, int1: 0, int2: 0, net: null })
            if (name === 'domainLookupByUuid') return { dom: { name: 'web', uuid, id: 1 } }
            if (name === 'domainGetState') return { state: said[0], reason: said[1] }
            if (name === 'domainGetJobStats') return { type: 0, params: [] }
            if (name === 'domainResume') hosts[host] = running
            return {}
          },
        },
      }
    },
  } as unknown as HostDirectory
}

const job = { plan: { vm: { host: 'a', uuid }, destination: 'b', options: moveOptions.parse({ technique: 'precopy' }) }, sourceName: 'alpha', destinationName: 'beta' }

test('a source that stands paused is resumed when nobody else has the VM', async () => {
  const hosts = { a: pausedByMove, b: null, c: null, d: 'away' as const }
  await resolve(job, 'resume-source', directory(hosts), { hasFinished: true })
  expect(hosts.a).toEqual(running)
})

test('it is never resumed while a third host runs the VM', async () => {
  const hosts = { a: pausedByMove, b: null, c: running }
  await expect(resolve(job, 'resume-source', directory(hosts), { hasFinished: true })).rejects.toMatchObject({ code: 'step-unsafe', message: expect.stringContaining('host c') })
  expect(hosts.a).toEqual(pausedByMove)
})
