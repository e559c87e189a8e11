import { describe, expect, it } from 'vitest'
import { fixture, openSchema, virsh, withoutSchemas, withoutVirsh } from '../testing.ts'
import { readCapabilities } from './host.ts'
import { findMachine } from './machine-support.ts'
import { readSystemInformation } from './sysinfo.ts'

describe('the capabilities of a host', () => {
  const capabilities = readCapabilities(fixture('host-capabilities'))
  const { host, guests } = capabilities

  it('say what it is', () => {
    expect(host).toMatchObject({
      uuid: '38393550-3736-4753-4832-303058443031',
      canMigrateLive: true,
      migrationTransports: ['tcp', 'rdma'],
      hasIommu: true,
    })
    expect(host.cpu).toMatchObject({
      architecture: 'x86_64',
      model: 'Icelake-Server-noTSX',
      vendor: 'Intel',
      microcode: '218104944',
      signature: { family: 6, model: 106, stepping: 6 },
      tsc: { name: 'tsc', frequency: 2_000_000_000, canScale: true },
      topology: { sockets: 2, dies: 1, cores: 2, threads: 2 },
      maxPhysAddr: { mode: 'emulate', bits: 46 },
      features: ['vmx', 'invtsc', 'avx512ifma'],
      pageSizes: [4, 2048, 1_048_576],
    })
  })

  it('say where its memory is', () => {
    expect(host.cells).toHaveLength(2)
    expect(host.cells[0]).toMatchObject({
      id: 0,
      memory: 131_912_004,
      cpuCount: 4,
      distances: [
        { cell: 0, value: 10 },
        { cell: 1, value: 20 },
      ],
    })
    expect(host.cells[0]?.pages).toContainEqual({ size: 1_048_576, count: 32 })
    expect(host.cells[1]?.cpus.map(({ id }) => id)).toEqual([2, 3, 6, 7])
  })

  it('say how guests are confined', () => {
    expect(host.securityModels).toMatchObject([
      { model: 'selinux', doi: '0', baseLabels: [{ type: 'kvm', label: 'system_u:system_r:svirt_t:s0' }, { type: 'qemu' }] },
      { model: 'dac' },
    ])
  })

  it('say which machines it can be', () => {
    expect(guests[0]).toMatchObject({ osType: 'hvm', architecture: 'x86_64', emulator: '/usr/libexec/qemu-kvm' })
    const find = (machine: string, domainType = 'qemu', architecture = 'x86_64') =>
      findMachine(capabilities, { architecture, domainType, machine })?.name
    expect(find('q35')).toBe('pc-q35-rhel9.4.0')
    expect(find('pc')).toBe('pc-i440fx-rhel7.6.0')
    expect(find('pc-q35-rhel9.2.0')).toBe('pc-q35-rhel9.2.0')
    expect(find('pc-q35-9.2')).toBeUndefined()
    expect(find('q35', 'xen')).toBeUndefined()
    expect(find('q35', 'qemu', 'aarch64')).toBeUndefined()
    // A domain type with machines of its own has no others.
    expect(find('pc', 'kvm')).toBeUndefined()
  })

  // Two attributes are newer than libvirt 9.0's schema.
  it.skipIf(withoutSchemas)(`follow libvirt’s schema in the fixture${withoutSchemas ? ` (skipped: ${withoutSchemas})` : ''}`, () => {
    expect(openSchema('capability')(fixture('host-capabilities').replaceAll(/ (clusters|deprecated)='\w+'/g, ''))).toBeUndefined()
  })
})

describe.skipIf(withoutVirsh)(`libvirt’s own test driver${withoutVirsh ? ` (skipped: ${withoutVirsh})` : ''}`, () => {
  it('gives capabilities that read', () => {
    const { host, guests } = readCapabilities(virsh('capabilities'))
    expect(host.cpu?.architecture).toBe('i686')
    expect(host.cells.length).toBeGreaterThan(0)
    expect(guests.map(({ architecture }) => architecture)).toContain('i686')
  })
})

describe('system information', () => {
  it('reads', () => {
    const information = readSystemInformation(
      `<sysinfo type='smbios'>
        <bios><entry name='version'>2.1</entry></bios><system><entry name='uuid'>4c4c-1</entry></system>
        <processor/><memory_device/><memory_device/>
      </sysinfo>`,
    )
    expect(information).toEqual({ bios: { version: '2.1' }, system: { uuid: '4c4c-1' }, processorCount: 1, memoryModuleCount: 2 })
  })
})
