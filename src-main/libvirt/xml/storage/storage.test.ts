import { describe, expect, it } from 'vitest'
import { openSchema, virsh, withoutSchemas, withoutVirsh } from '../testing.ts'
import { makeDirectoryPool, readStoragePool } from './pool.ts'
import { makeStorageVolume, readStorageVolume } from './volume.ts'

const pool = { name: 'a & b', uuid: '70a7eb15-6c34-ee9c-bf57-69e8e5ff3fb2', path: "/srv/it's <here>" }
const volume = {
  name: 'disk.qcow2',
  capacity: 21_474_836_480,
  allocation: 0,
  format: 'qcow2',
  backing: { path: '/srv/base.img', format: 'raw' },
}

describe('storage', () => {
  it('pools read as they were made', () => {
    expect(readStoragePool(makeDirectoryPool(pool))).toMatchObject({
      type: 'dir',
      name: pool.name,
      uuid: pool.uuid,
      targetPath: pool.path,
      hasCredentials: false,
    })
  })

  it('volumes read as they were made', () => {
    expect(readStorageVolume(makeStorageVolume(volume))).toMatchObject({
      name: 'disk.qcow2',
      capacity: 21_474_836_480,
      allocation: 0,
      format: 'qcow2',
      backing: { path: '/srv/base.img', format: 'raw' },
      isEncrypted: false,
    })
  })

  it('reads a pool over the network', () => {
    const netfs = readStoragePool(
      `<pool type='netfs'><name>nfs</name><capacity unit='GiB'>2</capacity>
        <source><host name='nas.example'/><dir path='/export'/><format type='nfs'/></source><target><path>/mnt/nfs</path></target>
      </pool>`,
    )
    expect(netfs).toMatchObject({
      type: 'netfs',
      capacity: 2_147_483_648,
      sourceHosts: [{ name: 'nas.example' }],
      sourceDirectory: '/export',
      sourceFormat: 'nfs',
    })
  })

  it.skipIf(withoutSchemas)(`what is made follows libvirt’s schema${withoutSchemas ? ` (skipped: ${withoutSchemas})` : ''}`, () => {
    expect(openSchema('storagepool')(makeDirectoryPool({ name: 'plain', path: '/srv/vm' }))).toBeUndefined()
    expect(openSchema('storagevol')(makeStorageVolume(volume))).toBeUndefined()
  })

  it.skipIf(withoutVirsh)(`what libvirt’s test driver has reads${withoutVirsh ? ` (skipped: ${withoutVirsh})` : ''}`, () => {
    expect(readStoragePool(virsh('pool-dumpxml', 'default-pool'))).toMatchObject({
      type: 'dir',
      name: 'default-pool',
      targetPath: '/default-pool',
    })
  })
})
