import { describe, expect, it } from 'vitest'
import { domainFixtures, fixture } from '../testing.ts'
import { describeDevices, formatKibibytes } from './describe-devices.ts'
import { readDomain } from './domain.ts'

const rows = (name: string) => describeDevices(readDomain(fixture(name)))

describe('the rows of the VM page', () => {
  it('say what a server has', () => {
    expect(rows('linux-server').slice(0, 5)).toEqual([
      { kind: 'disk', label: 'vda', detail: '/srv/vm/web-01.qcow2 · virtio · qcow2 · cache none' },
      { kind: 'cdrom', label: 'sda', detail: '/srv/iso/debian-12.7.0-amd64-netinst.iso · sata · raw' },
      { kind: 'nic', label: '52:54:00:6b:3c:58', detail: 'bridge br-shop · virtio · vnet7' },
      { kind: 'nic', label: '52:54:00:6b:3c:59', detail: 'network default, bridge virbr0 · virtio · vnet8 · link down' },
      { kind: 'display', label: 'VNC', detail: '10.20.0.11 · port 5903 · password set' },
    ])
  })

  it.each([
    ['gpu-passthrough', { kind: 'host-device', label: 'PCI 0000:3b:00.0', detail: 'managed' }],
    ['gpu-passthrough', { kind: 'host-device', label: 'USB 046d:c52b', detail: 'managed' }],
    [
      'network-disks',
      { kind: 'disk', label: 'vda', detail: 'rbd:vms/ceph-client at mon1.example, mon2.example · virtio · raw · cache writeback' },
    ],
    [
      'snapshot-chain',
      {
        kind: 'disk',
        label: 'vda',
        detail: '/srv/vm/mail.snap2 · virtio · qcow2 · 2 backing images · encrypted (luks) · block job running',
      },
    ],
    ['windows-uefi-tpm', { kind: 'tpm', label: 'TPM 2.0', detail: 'tpm-crb · emulator · encrypted state' }],
    ['windows-uefi-tpm', { kind: 'cdrom', label: 'sdb', detail: 'empty · sata' }],
    ['virtiofs-sharing', { kind: 'filesystem', label: 'sources', detail: 'virtiofs · /srv/sources' }],
    ['virtiofs-sharing', { kind: 'shared-memory', label: 'frames', detail: 'ivshmem-plain · master · 32 MiB' }],
    ['virtio-mem', { kind: 'memory', label: 'virtio-mem', detail: '2 GiB · node 0' }],
    ['sriov-network', { kind: 'nic', label: '52:54:00:11:22:33', detail: 'SR-IOV 0000:5e:02.1' }],
    ['vhost-user', { kind: 'nic', label: '52:54:00:ee:96:6c', detail: 'vhost-user /run/openvswitch/vhu0 · virtio · vhu0' }],
    ['huge-pages-numa', { kind: 'disk', label: 'vdb', detail: '/srv/shared/quorum.img · virtio · raw · cache none · shareable' }],
  ])('of %s include %o', (name, row) => {
    expect(rows(name)).toContainEqual(row)
  })

  it.each(domainFixtures)('of $name all say what they are', ({ name }) => {
    for (const row of rows(name)) expect(row.label).not.toBe('')
  })

  it.each([
    [0, '0 KiB'],
    [524_288, '512 MiB'],
    [1_572_864, '1.5 GiB'],
    [8_589_934_592, '8 TiB'],
  ])('%d KiB', (kibibytes, text) => {
    expect(formatKibibytes(kibibytes)).toBe(text)
  })
})
