import { describe, expect, it } from 'vitest'
import { fixture, openSchema, withoutSchemas } from '../testing.ts'
import { readDomainCapabilities } from './domain.ts'
import { makeHostModelCpu } from './host-model-cpu.ts'

describe('what a host offers to a guest', () => {
  const capabilities = readDomainCapabilities(fixture('domain-capabilities'))

  it('names the machine and its firmware', () => {
    expect(capabilities).toMatchObject({
      domainType: 'kvm',
      architecture: 'x86_64',
      maxVcpus: 4096,
      hasIothreads: true,
      firmware: ['bios', 'efi'],
    })
    expect(capabilities.machine).toMatchObject({ family: 'pc-q35', version: [10, 0] })
    expect(capabilities.loaders).toEqual(['/usr/share/OVMF/OVMF_CODE_4M.ms.fd', '/usr/share/OVMF/OVMF_CODE_4M.fd'])
    expect(capabilities.loader?.values['secure']).toEqual(['yes', 'no'])
  })

  it('names its CPUs', () => {
    const { cpu } = capabilities
    expect(cpu).toMatchObject({ hasPassthrough: true, passthroughMigratable: ['on', 'off'], hasMaximum: true })
    expect(cpu.hostModel).toMatchObject({ model: 'EPYC-Rome', vendor: 'AMD', maxPhysAddr: { mode: 'passthrough', limit: 48 } })
    expect(cpu.hostModel?.features).toContainEqual({ name: 'xsaves', policy: 'disable' })
    expect(cpu.models).toEqual([
      { name: 'qemu64', isUsable: true, isDeprecated: false, vendor: 'unknown', blockers: [] },
      { name: 'EPYC-Rome', isUsable: true, isDeprecated: false, vendor: 'AMD', blockers: [] },
      { name: 'Icelake-Client', isUsable: false, isDeprecated: true, vendor: 'Intel', blockers: ['hle', 'rtm'] },
      { name: 'base', isUsable: undefined, isDeprecated: false, vendor: 'unknown', blockers: [] },
    ])
  })

  it('names its devices and features', () => {
    expect(capabilities.devices['disk']).toEqual({
      isSupported: true,
      values: { diskDevice: ['disk', 'cdrom'], bus: ['scsi', 'virtio', 'sata'] },
    })
    expect(capabilities.devices['tpm']?.isSupported).toBe(false)
    expect(capabilities.memoryBacking?.values['sourceType']).toContain('memfd')
    expect(capabilities.features['backup']?.isSupported).toBe(true)
    expect(capabilities.features['launchSecurity']?.values['sectype']).toEqual(['sev'])
    expect(capabilities.sev).toMatchObject({ isSupported: true, cBitPosition: 47, maxGuests: 59, maxEncryptedStateGuests: 450 })
  })

  it('may be nothing', () => {
    expect(readDomainCapabilities('<domainCapabilities/>')).toMatchObject({ firmware: [], devices: {}, cpu: { models: [] } })
  })

  it('says what host-model means here, for another host to compare', () => {
    const { hostModel } = capabilities.cpu
    const xml = hostModel ? makeHostModelCpu(hostModel) : ''
    expect(xml).toContain("<model fallback='forbid'>EPYC-Rome</model>")
    expect(xml).toContain("<feature policy='disable' name='xsaves'/>")
    if (!withoutSchemas) expect(openSchema('cpu')(xml)).toBeUndefined()
  })
})
