import { describe, expect, it } from 'vitest'
import { Failure } from '../../../base/failure.ts'
import { domainFixtures, fixture, openSchema, withoutSchemas } from '../testing.ts'
import { readDomain } from './domain.ts'
import { withMigrationAdjustments, type MigrationAdjustments } from './migration-adjustments.ts'

const adjusted = (name: string, adjustments: MigrationAdjustments) => {
  const xml = withMigrationAdjustments(fixture(name), adjustments)
  return { xml, domain: readDomain(xml) }
}

/** The lines that differ, as - and +. */
function difference(before: string, after: string): readonly string[] {
  const lines = (xml: string) => xml.trimEnd().replaceAll('"', "'").split('\n')
  const [old, now] = [lines(before), lines(after)]
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `-${line.trim()}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+${line.trim()}`),
  ]
}

describe('destination XML', () => {
  it.each(domainFixtures)('of $name is the same when nothing is adjusted', ({ xml }) => {
    expect(difference(xml, withMigrationAdjustments(xml, {}))).toEqual([])
  })

  it('renames a bridge and touches nothing else', () => {
    const { xml } = adjusted('linux-server', { bridges: { 'br-shop': 'br0' } })
    expect(difference(fixture('linux-server'), xml)).toEqual([`-<source bridge='br-shop'/>`, `+<source bridge='br0'/>`])
  })

  it('renames a network, also where the running guest shows its bridge, and leaves the port behind', () => {
    const { domain, xml } = adjusted('linux-server', { networks: { default: 'guests' } })
    expect(domain.devices.interfaces[1]?.source).toEqual({ kind: 'network', network: 'guests', portGroup: undefined, bridge: undefined })
    expect(xml).not.toContain('portid')
    expect(adjusted('windows-uefi-tpm', { networks: { office: 'berlin' } }).domain.devices.interfaces[0]?.source).toMatchObject({
      network: 'berlin',
      portGroup: 'desks',
    })
  })

  it('does not take a network for a bridge of the same name', () => {
    expect(adjusted('linux-server', { bridges: { virbr0: 'br9' } }).domain.devices.interfaces[1]?.source).toMatchObject({
      bridge: 'virbr0',
      network: 'default',
    })
  })

  it('moves one card onto another connection, keeping its MAC address, model and VLAN', () => {
    const { domain } = adjusted('sriov-network', {
      interfaces: [{ mac: '52:54:00:11:22:34', to: { kind: 'bridge', bridge: 'br7' } }],
      bridges: { br7: 'never' },
    })
    expect(domain.devices.interfaces[2]).toMatchObject({
      mac: '52:54:00:11:22:34',
      model: 'virtio',
      source: { kind: 'bridge', bridge: 'br7' },
    })
    const pair = adjusted('sriov-network', { interfaces: [{ mac: '52:54:00:11:22:33', to: { kind: 'bridge', bridge: 'br7' } }] })
    expect(pair.domain.devices.interfaces.slice(0, 2).map(({ source }) => source.kind)).toEqual(['hostdev', 'bridge'])
    const moved = adjusted('linux-server', {
      interfaces: [{ mac: '52:54:00:6b:3c:58', to: { kind: 'network', network: 'n', portGroup: 'p' } }],
    })
    expect(moved.domain.devices.interfaces[0]).toMatchObject({
      target: undefined,
      source: { kind: 'network', network: 'n', portGroup: 'p' },
    })
  })

  it('gives a disk another path, and lets the destination read the chain from the image', () => {
    const { domain, xml } = adjusted('snapshot-chain', { disks: [{ target: 'vda', to: { kind: 'block', path: '/dev/vg1/mail' } }] })
    expect(domain.devices.disks[0]).toMatchObject({
      source: { kind: 'block', path: '/dev/vg1/mail' },
      backingChain: [],
      encryption: { format: 'luks' },
      bus: 'virtio',
    })
    expect(xml).toContain('<qemu:arg value="unix:/run/vm/mail.qmp,server=on,wait=off"/>')
    expect(xml).toContain('<!-- kept by hand')
    const kept = adjusted('snapshot-chain', { disks: [{ target: 'vda', to: { kind: 'file', path: '/a' }, keepsBackingChain: true }] })
    expect(kept.domain.devices.disks[0]?.backingChain).toHaveLength(2)
  })

  it('turns a disk of a pool or a network into a file', () => {
    expect(
      adjusted('huge-pages-numa', { disks: [{ target: 'vda', to: { kind: 'file', path: '/srv/db.img' } }] }).domain.devices.disks[0]
        ?.source,
    ).toEqual({ kind: 'file', path: '/srv/db.img' })
    expect(
      adjusted('network-disks', { disks: [{ target: 'vda', to: { kind: 'file', path: '/srv/c.img' } }] }).domain.devices.disks[0]?.source,
    ).toEqual({ kind: 'file', path: '/srv/c.img' })
  })

  it('ejects CD-ROMs only', () => {
    expect(adjusted('linux-server', { ejected: ['sda'] }).domain.devices.disks[1]).toMatchObject({
      device: 'cdrom',
      source: { kind: 'none' },
      isReadOnly: true,
      target: 'sda',
    })
    expect(adjusted('network-disks', { ejected: ['sdb'] }).domain.devices.disks[2]?.source).toEqual({ kind: 'none' })
    expect(() => adjusted('linux-server', { ejected: ['vda'] })).toThrow('vda is no CD-ROM or floppy drive')
  })

  it('moves listeners by address, attribute and element alike, and no other', () => {
    const { domain, xml } = adjusted('linux-server', { graphicsAddress: '10.20.0.12' })
    expect(domain.devices.graphics[0]?.listens).toEqual([{ kind: 'address', address: '10.20.0.12' }])
    expect(xml).not.toContain('10.20.0.11')
    expect(adjusted('windows-uefi-tpm', { graphicsAddress: '::' }).domain.devices.graphics[0]?.listens).toMatchObject([{ kind: 'network' }])
    expect(adjusted('snapshot-chain', { graphicsAddress: '::' }).domain.devices.graphics[0]?.listens).toMatchObject([{ kind: 'socket' }])
  })

  it('keeps the display’s password: the guest is to have it at the destination', () => {
    expect(adjusted('linux-server', { graphicsAddress: '::' }).xml).toContain('tr0ub4do')
  })

  it('moves the file of UEFI variables', () => {
    expect(adjusted('windows-uefi-tpm', { nvram: '/srv/n.fd' }).domain.boot.nvram).toMatchObject({
      path: '/srv/n.fd',
      template: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd',
    })
  })

  it.each<[string, MigrationAdjustments]>([
    ['disk vdz', { disks: [{ target: 'vdz', to: { kind: 'file', path: '/a' } }] }],
    ['disk sdz', { ejected: ['sdz'] }],
    [
      'network card 52:54:00:00:00:00 on a bridge or network',
      { interfaces: [{ mac: '52:54:00:00:00:00', to: { kind: 'bridge', bridge: 'br0' } }] },
    ],
    ['file of UEFI variables', { nvram: '/a' }],
  ])('says that there is no %s', (what, adjustments) => {
    let thrown: unknown
    try {
      adjusted('linux-server', adjustments)
    } catch (failure) {
      thrown = failure
    }
    expect(thrown).toBeInstanceOf(Failure)
    expect(thrown).toMatchObject({ code: 'xml-adjustment', message: `The VM has no ${what}.` })
  })

  it('refuses names that XML cannot hold', () => {
    expect(() => adjusted('linux-server', { bridges: { 'br-shop': 'a\u0000' } })).toThrow(Failure)
  })
})

describe.skipIf(withoutSchemas)(`adjusted domains against libvirt’s schema${withoutSchemas ? ` (skipped: ${withoutSchemas})` : ''}`, () => {
  it.each<[string, MigrationAdjustments]>([
    [
      'linux-server',
      {
        bridges: { 'br-shop': 'br0' },
        networks: { default: 'guests' },
        ejected: ['sda'],
        graphicsAddress: '10.20.0.12',
        disks: [{ target: 'vda', to: { kind: 'block', path: '/dev/vg/web' } }],
      },
    ],
    ['linux-server', { interfaces: [{ mac: '52:54:00:6b:3c:58', to: { kind: 'network', network: 'n', portGroup: 'p' } }] }],
    ['windows-uefi-tpm', { networks: { office: 'x' }, graphicsAddress: '0.0.0.0', nvram: '/srv/n.fd', ejected: ['sdb'] }],
    [
      'network-disks',
      {
        ejected: ['sdb'],
        disks: [
          { target: 'vda', to: { kind: 'file', path: '/srv/c.img' } },
          { target: 'vdb', to: { kind: 'block', path: '/dev/c' } },
        ],
      },
    ],
    ['huge-pages-numa', { disks: [{ target: 'vda', to: { kind: 'file', path: '/srv/db.img' } }] }],
    ['snapshot-chain', { disks: [{ target: 'vda', to: { kind: 'file', path: '/srv/m.qcow2' } }] }],
    ['snapshot-chain', { disks: [{ target: 'vda', to: { kind: 'file', path: '/srv/m.qcow2' }, keepsBackingChain: true }] }],
    [
      'sriov-network',
      {
        interfaces: [{ mac: '52:54:00:11:22:34', to: { kind: 'bridge', bridge: 'br7' } }],
        networks: { mybridge: 'x' },
        bridges: { 'br-int': 'br-ext' },
      },
    ],
  ])('%s with %o', (name, adjustments) => {
    expect(openSchema('domain')(adjusted(name, adjustments).xml)).toBeUndefined()
  })
})
