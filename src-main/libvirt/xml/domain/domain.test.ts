import { describe, expect, it } from 'vitest'
import { domainFixtures, fixture, openSchema, virsh, withoutSchemas, withoutVirsh } from '../testing.ts'
import { formatPciAddress } from './address.ts'
import { firmwareOf } from './boot.ts'
import { readDomain } from './domain.ts'
import { makeTags } from './metadata.ts'

const read = (name: string) => readDomain(fixture(name))

describe.skipIf(withoutSchemas)(`fixtures against libvirt’s schema${withoutSchemas ? ` (skipped: ${withoutSchemas})` : ''}`, () => {
  it.each(domainFixtures)('$name is a domain', ({ xml }) => {
    expect(openSchema('domain')(xml)).toBeUndefined()
  })
})

describe('a Linux server', () => {
  const domain = read('linux-server')

  it('says who it is and what others say of it', () => {
    expect(domain).toMatchObject({
      type: 'kvm',
      id: 12,
      name: 'web-01',
      uuid: '3f2f6f0e-7c1b-4a57-9c62-0d6c5a1b7e01',
      title: 'Shop front, first of three',
    })
    expect(domain.description).toBe('Debian 12 & nginx\nask the shop team before touching it')
    expect(domain.metadata.tags).toEqual(['web', 'shop', 'prod', 'eu-west'])
    expect(domain.metadata.osId).toBe('http://debian.org/debian/12')
    expect(domain.metadata.namespaces).toContain('https://acme.example/ns')
  })

  it('has its processors, memory and clock', () => {
    expect(domain.memory).toEqual({ size: 8_388_608, current: 4_194_304, most: undefined, slots: undefined })
    expect(domain.vcpus).toMatchObject({ count: 4, current: 2, placement: 'static' })
    expect(domain.cpu).toMatchObject({
      mode: 'custom',
      match: 'exact',
      check: 'full',
      model: 'Skylake-Server-IBRS',
      vendor: 'Intel',
      fallback: 'forbid',
    })
    expect(domain.cpu?.features).toContainEqual({ name: 'hle', policy: 'disable' })
    expect(domain.cpu?.topology).toEqual({ sockets: 1, dies: 1, clusters: 1, cores: 4, threads: 1 })
    expect(domain.clock?.timers).toContainEqual(expect.objectContaining({ name: 'tsc', isPresent: true, frequency: 2_599_998_000 }))
    expect(domain.boot.machine).toMatchObject({ family: 'pc-q35', version: [7, 2] })
    expect(firmwareOf(domain.boot)).toBe('bios')
    expect(domain.features.enabled).toEqual(['acpi', 'apic'])
  })

  it('has its devices', () => {
    const [root, cdrom] = domain.devices.disks
    expect(root).toMatchObject({
      device: 'disk',
      target: 'vda',
      bus: 'virtio',
      serial: 'WEB01ROOT',
      bootOrder: 1,
      isReadOnly: false,
      backingChain: [],
    })
    expect(root?.source).toEqual({ kind: 'file', path: '/srv/vm/web-01.qcow2' })
    expect(root?.driver).toMatchObject({ type: 'qcow2', cache: 'none', io: 'native', discard: 'unmap', iothread: 1 })
    expect(cdrom).toMatchObject({
      device: 'cdrom',
      isReadOnly: true,
      source: { kind: 'file', path: '/srv/iso/debian-12.7.0-amd64-netinst.iso' },
    })
    const [first, second] = domain.devices.interfaces
    expect(first).toMatchObject({
      mac: '52:54:00:6b:3c:58',
      model: 'virtio',
      target: 'vnet7',
      isLinkUp: true,
      source: { kind: 'bridge', bridge: 'br-shop' },
    })
    expect(second).toMatchObject({ isLinkUp: false, mtu: 9000, source: { kind: 'bridge', bridge: 'virbr0', network: 'default' } })
    expect(domain.devices.channels[0]).toMatchObject({ type: 'unix', targetName: 'org.qemu.guest_agent.0', state: 'connected' })
    expect(domain.devices.serials[0]).toMatchObject({ type: 'pty', path: '/dev/pts/4', targetPort: 0 })
    expect(domain.devices.others).toEqual([])
    expect(domain.securityLabels.map(({ model }) => model)).toEqual(['apparmor', 'dac'])
  })

  it('has a display with a password, which is not read', () => {
    expect(domain.devices.graphics[0]).toMatchObject({
      type: 'vnc',
      port: 5903,
      hasPassword: true,
      listens: [{ kind: 'address', address: '10.20.0.11' }],
    })
    expect(JSON.stringify(domain)).not.toContain('tr0ub4do')
  })
})

describe('firmware, TPM and Windows', () => {
  const domain = read('windows-uefi-tpm')

  it('reads', () => {
    expect(domain.boot.loader).toMatchObject({
      path: '/usr/share/OVMF/OVMF_CODE_4M.ms.fd',
      isReadOnly: true,
      isSecure: true,
      type: 'pflash',
    })
    expect(domain.boot.nvram).toMatchObject({
      path: '/var/lib/libvirt/qemu/nvram/win11-desk_VARS.fd',
      template: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd',
    })
    expect(firmwareOf(domain.boot)).toBe('uefi')
    expect(domain.boot.machine).toMatchObject({ vendor: 'rhel', version: [9, 4, 0] })
    expect(domain.features).toMatchObject({ hypervMode: 'custom', hasSmm: true })
    expect(domain.features.enabled).toEqual(expect.arrayContaining(['hyperv.relaxed', 'hyperv.stimer', 'smm']))
    expect(domain.features.enabled).not.toEqual(expect.arrayContaining(['hyperv.evmcs']))
    expect(domain.memory.size).toBe(16 * 1024 * 1024)
    expect(domain.devices.tpms[0]).toMatchObject({
      model: 'tpm-crb',
      backend: 'emulator',
      version: '2.0',
      isStatePersistent: true,
      hasEncryption: true,
    })
    expect(domain.devices.disks[0]?.source).toEqual({ kind: 'block', path: '/dev/vg0/win11-desk' })
    expect(domain.devices.disks[1]).toMatchObject({ source: { kind: 'none' }, hasTrayOpen: true })
    expect(domain.devices.interfaces[0]?.source).toEqual({ kind: 'network', network: 'office', portGroup: 'desks', bridge: undefined })
    expect(domain.devices.graphics[0]).toMatchObject({
      type: 'spice',
      hasPassword: true,
      listens: [{ kind: 'network', network: 'office' }],
    })
    expect(domain.devices.redirectedDevices).toHaveLength(2)
  })
})

describe('what ties a guest to its host', () => {
  it('host devices', () => {
    const { devices, cpu, vcpus, memoryBacking, boot, cpuTuning } = read('gpu-passthrough')
    const [gpu, usb, mdev, scsi] = devices.hostDevices
    expect(gpu).toMatchObject({ isManaged: true, driver: 'vfio', hasRom: true })
    expect(gpu?.source.kind === 'pci' && formatPciAddress(gpu.source.address)).toBe('0000:3b:00.0')
    expect(usb).toMatchObject({ startupPolicy: 'optional', source: { kind: 'usb', vendor: 0x046d, product: 0xc52b } })
    expect(mdev?.source).toEqual({ kind: 'mdev', uuid: 'c2177883-f1bb-47f0-914d-32a22e3a8804', model: 'vfio-pci' })
    expect(scsi?.source).toMatchObject({ kind: 'scsi', iscsi: 'iqn.2014-08.com.example:iscsi-nopool/1' })
    expect(devices.disks[0]?.source).toMatchObject({ kind: 'nvme', namespace: '1', isManaged: true })
    expect(devices.inputs[0]).toMatchObject({ type: 'evdev', source: '/dev/input/by-id/usb-keyboard-event-kbd' })
    expect(cpu).toMatchObject({
      mode: 'host-passthrough',
      isMigratable: false,
      cacheMode: 'passthrough',
      maxPhysAddr: { mode: 'passthrough' },
    })
    expect(vcpus.cpuset).toBe('0-7,^3')
    expect(memoryBacking).toMatchObject({ isLocked: true, isSamePageMergingOff: true, hasHugePages: false })
    expect(boot.firmware).toBe('efi')
    expect(cpuTuning?.emulatorPin).toBe('6-7')
  })

  it('huge pages, NUMA, pools, shared and transient disks, leases', () => {
    const { memoryBacking, numaTuning, cpu, devices } = read('huge-pages-numa')
    expect(memoryBacking?.hugePages).toEqual([
      { size: 1_048_576, nodeset: '0' },
      { size: 2048, nodeset: '1' },
    ])
    expect(memoryBacking?.allocation).toEqual({ mode: 'immediate', threads: 8 })
    expect(numaTuning).toMatchObject({
      mode: 'strict',
      nodeset: '0-1',
      cells: [
        { cell: 0, nodeset: '0' },
        { cell: 1, nodeset: '1' },
      ],
    })
    expect(cpu?.numaCells).toMatchObject([
      { memory: 33_554_432, access: 'shared' },
      { memory: 33_554_432, isDiscarded: true },
    ])
    expect(devices.disks.map(({ source }) => source.kind)).toEqual(['volume', 'file', 'file'])
    expect(devices.disks.map((disk) => [disk.isShareable, disk.isTransient])).toEqual([
      [false, false],
      [true, false],
      [false, true],
    ])
    expect(devices.leases[0]).toEqual({ lockspace: 'cluster', key: 'db-01', path: '/srv/leases/cluster' })
  })

  it('folders, shared memory and vsock', () => {
    const { devices, memoryBacking, boot } = read('virtiofs-sharing')
    expect(devices.filesystems).toMatchObject([
      { driver: 'virtiofs', source: '/srv/sources', target: 'sources', binary: '/usr/lib/qemu/virtiofsd', queueSize: 1024 },
      { driver: 'path', source: '/srv/results', isReadOnly: true },
      { driver: 'virtiofs', socket: '/run/virtiofsd.sock', source: undefined },
    ])
    expect(devices.sharedMemories[0]).toEqual({ name: 'frames', role: 'master', model: 'ivshmem-plain', size: 32_768, server: undefined })
    expect(devices.vsock).toEqual({ model: 'virtio', address: 42, isAutomatic: false })
    expect(memoryBacking).toMatchObject({ source: 'memfd', access: 'shared' })
    expect(boot).toMatchObject({ architecture: 'aarch64', kernel: '/srv/boot/vmlinuz', initrd: '/srv/boot/initrd.img' })
  })

  it('network cards of every kind', () => {
    const { devices, boot } = read('sriov-network')
    expect(devices.interfaces.map(({ source }) => source.kind)).toEqual(['hostdev', 'network', 'direct', 'bridge', 'vdpa', 'user'])
    const [vf, partner, direct, openvswitch, vdpa] = devices.interfaces
    expect(vf).toMatchObject({ teaming: 'transient', teamingPartner: 'ua-backup0', vlans: [42], source: { isManaged: true } })
    expect(partner).toMatchObject({ teaming: 'persistent', alias: 'ua-backup0' })
    expect(direct?.source).toMatchObject({ device: 'eno2', mode: 'bridge' })
    expect(openvswitch).toMatchObject({ virtualPort: { type: 'openvswitch', profileId: 'menial' }, vlans: [10, 20] })
    expect(vdpa?.source).toEqual({ kind: 'vdpa', device: '/dev/vhost-vdpa-0' })
    expect(boot.machine).toMatchObject({ name: 'q35', version: [] })
  })

  it('vhost-user', () => {
    const { devices, memoryBacking, cpu } = read('vhost-user')
    expect(devices.disks[0]?.source).toEqual({ kind: 'vhost-user', path: '/run/spdk/vhost.0' })
    expect(devices.interfaces[0]).toMatchObject({
      source: { kind: 'vhost-user', path: '/run/openvswitch/vhu0', mode: 'server' },
      queues: 4,
    })
    expect(memoryBacking).toMatchObject({ hasHugePages: true, hugePages: [], access: 'shared' })
    expect(cpu?.mode).toBe('maximum')
  })

  it('disks over the network', () => {
    const [rbd, lun, iso, nbd, block] = read('network-disks').devices.disks
    expect(rbd?.source).toMatchObject({
      kind: 'network',
      protocol: 'rbd',
      name: 'vms/ceph-client',
      credentials: { type: 'ceph', uuid: '2ec115d7-3a88-3ceb-bc12-0ac909a6fd87' },
    })
    expect(rbd?.source.kind === 'network' && rbd.source.hosts.map(({ name, port }) => [name, port])).toEqual([
      ['mon1.example', 6789],
      ['mon2.example', 6789],
    ])
    expect(lun).toMatchObject({
      device: 'lun',
      source: { protocol: 'iscsi', credentials: { usage: 'libvirtiscsi' }, initiator: 'iqn.2013-07.com.example:client' },
    })
    expect(iso).toMatchObject({ device: 'cdrom', source: { protocol: 'https', name: 'iso/live.iso' } })
    expect(nbd?.source).toMatchObject({ protocol: 'nbd', hasTls: true, hosts: [{ transport: 'unix', socket: '/run/nbd.sock' }] })
    expect(block?.hasReservations).toBe(true)
  })

  it('backing chains, block jobs, encryption and arguments past libvirt', () => {
    const { devices, commandLine, boot } = read('snapshot-chain')
    const [disk] = devices.disks
    expect(disk?.backingChain).toEqual([
      { source: { kind: 'file', path: '/srv/vm/mail.snap1' }, format: 'qcow2', encryption: undefined },
      { source: { kind: 'block', path: '/dev/vg0/mail' }, format: 'raw', encryption: undefined },
    ])
    expect(disk?.mirror).toEqual({ job: 'copy', isReady: true, source: { kind: 'file', path: '/srv/vm/mail.copy' } })
    expect(disk?.encryption).toMatchObject({ format: 'luks', secretUuid: 'c1f11a6d-8c5d-4a3e-ac7a-4e171c5e0d4a' })
    expect(devices.graphics[0]).toMatchObject({ port: undefined, listens: [{ kind: 'socket', path: '/run/vm/mail.vnc' }] })
    expect(commandLine).toMatchObject({ args: expect.arrayContaining(['-qmp']), environment: ['MAIL_TOKEN'], hasOverrides: false })
    expect(boot.devices).toEqual(['hd', 'network'])
  })

  it('memory devices and encrypted memory', () => {
    const { memory, vcpus, devices, launchSecurity } = read('virtio-mem')
    expect(memory).toMatchObject({ most: 134_217_728, slots: 16 })
    expect(vcpus.each).toContainEqual({ id: 3, isEnabled: false, isHotpluggable: true })
    expect(devices.memories).toMatchObject([
      {
        model: 'virtio-mem',
        size: 2_097_152,
        requestedSize: 1_048_576,
        currentSize: 524_288,
        blockSize: 2048,
        pageSize: 2048,
        nodeset: '0-1',
      },
      { model: 'dimm', size: 524_287, node: 0 },
      { model: 'nvdimm', path: '/srv/pmem/elastic', isPersistent: true, labelSize: 128 },
    ])
    expect(launchSecurity).toMatchObject({ type: 'sev', policy: 3, cBitPosition: 47, hasKernelHashes: true })
  })
})

describe('the least that a domain can be', () => {
  it('reads as a domain without anything', () => {
    const domain = readDomain('<domain/>')
    expect(domain).toMatchObject({ name: '', memory: { size: 0 }, vcpus: { count: 1 }, metadata: { tags: [] }, boot: { type: '' } })
    expect(domain.devices.disks).toEqual([])
  })

  it('names devices that are not known', () => {
    expect(readDomain("<domain><devices><crypto/><flux model='x'/></devices></domain>").devices.others).toEqual(['crypto', 'flux'])
  })

  it('gives tags back as they were made', () => {
    const tags = ['web', 'a & b', 'ünï']
    const xml = `<domain><metadata>${makeTags(tags)}</metadata></domain>`
    expect(readDomain(xml).metadata.tags).toEqual(tags)
  })
})

describe.skipIf(withoutVirsh)(`libvirt’s own test driver${withoutVirsh ? ` (skipped: ${withoutVirsh})` : ''}`, () => {
  it('gives a domain that reads', () => {
    const domain = readDomain(virsh('dumpxml', 'test'))
    expect(domain).toMatchObject({ type: 'test', name: 'test', memory: { size: 8_388_608, current: 2_097_152 }, vcpus: { count: 2 } })
    expect(domain.devices.disks[0]?.source).toEqual({ kind: 'file', path: '/guest/diskimage1' })
    expect(domain.devices.interfaces[0]?.source).toMatchObject({ kind: 'network', network: 'default' })
  })
})
