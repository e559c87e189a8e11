import { describe, expect, it } from 'vitest'
import { fixture, openSchema, withoutSchemas } from '../testing.ts'
import { comparableCpu } from './comparable-cpu.ts'

describe('a CPU to compare with a host', () => {
  it('is the named model with its features, without the guest’s layout', () => {
    const cpu = comparableCpu(fixture('linux-server'))
    expect(cpu.kind).toBe('named')
    const xml = cpu.kind === 'named' ? cpu.xml : ''
    expect(xml).toContain('Skylake-Server-IBRS')
    expect(xml).toMatch(/<feature policy="disable" name="hle"\/>/)
    expect(xml).not.toContain('topology')
    const numa = comparableCpu(fixture('huge-pages-numa'))
    expect(numa.kind === 'named' && numa.xml).not.toMatch(/numa|topology/)
  })

  it('is none for what follows the host', () => {
    expect(comparableCpu(fixture('gpu-passthrough'))).toEqual({ kind: 'host', mode: 'host-passthrough', isMigratable: false })
    expect(comparableCpu(fixture('vhost-user'))).toEqual({ kind: 'host', mode: 'maximum', isMigratable: true })
    expect(comparableCpu(fixture('windows-uefi-tpm'))).toEqual({ kind: 'unexpanded' })
    expect(comparableCpu(fixture('network-disks'))).toEqual({ kind: 'default' })
    expect(comparableCpu("<domain><cpu><topology sockets='1' cores='2' threads='1'/></cpu></domain>")).toEqual({ kind: 'default' })
  })

  it.skipIf(withoutSchemas)(`follows libvirt’s schema${withoutSchemas ? ` (skipped: ${withoutSchemas})` : ''}`, () => {
    const validate = openSchema('cpu')
    for (const name of ['linux-server', 'huge-pages-numa', 'virtio-mem']) {
      const cpu = comparableCpu(fixture(name))
      expect(cpu.kind === 'named' && validate(cpu.xml)).toBeUndefined()
    }
  })
})
