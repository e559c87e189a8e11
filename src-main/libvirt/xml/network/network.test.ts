import { describe, expect, it } from 'vitest'
import { virsh, withoutVirsh } from '../testing.ts'
import { readHostInterface } from './host-interface.ts'
import { readNetwork } from './network.ts'

describe('networks', () => {
  it('over a bridge, with port groups', () => {
    const network = readNetwork(`<network>
      <name>office</name><uuid>81ff0d90-c91e-6742-64da-4a736edb9a8f</uuid>
      <forward mode='bridge'/><bridge name='ovsbr0'/><virtualport type='openvswitch'/><mtu size='9000'/>
      <portgroup name='desks' default='yes'><vlan><tag id='10'/></vlan></portgroup>
      <portgroup name='servers'><vlan trunk='yes'><tag id='20'/><tag id='30'/></vlan></portgroup>
    </network>`)
    expect(network).toMatchObject({ name: 'office', bridge: 'ovsbr0', forwardMode: 'bridge', mtu: 9000, virtualPort: 'openvswitch' })
    expect(network.portGroups).toMatchObject([
      { name: 'desks', isDefault: true, vlans: [10] },
      { name: 'servers', isDefault: false, vlans: [20, 30] },
    ])
  })

  it('of SR-IOV, isolated and with NAT', () => {
    expect(readNetwork("<network><name>a</name><forward mode='hostdev' managed='yes'><pf dev='eno1'/></forward></network>")).toMatchObject({
      forwardMode: 'hostdev',
      physicalFunctions: ['eno1'],
    })
    expect(readNetwork("<network><name>a</name><bridge name='virbr1'/></network>").forwardMode).toBe('isolated')
    const nat = readNetwork("<network><name>a</name><forward/><ip address='192.168.122.1' netmask='255.255.255.0'/></network>")
    expect(nat).toMatchObject({ forwardMode: 'nat', addresses: [{ address: '192.168.122.1', netmask: '255.255.255.0' }] })
  })

  it.skipIf(withoutVirsh)(`of libvirt’s test driver read${withoutVirsh ? ` (skipped: ${withoutVirsh})` : ''}`, () => {
    expect(readNetwork(virsh('net-dumpxml', 'default'))).toMatchObject({ name: 'default', bridge: 'virbr0', forwardMode: 'nat' })
    expect(readHostInterface(virsh('iface-dumpxml', 'eth1'))).toMatchObject({ type: 'ethernet', name: 'eth1' })
  })
})

describe('devices of the host', () => {
  it('bridges have ports', () => {
    const bridge = readHostInterface(
      `<interface type='bridge' name='br0'>
        <mtu size='1500'/><link speed='10000' state='up'/>
        <protocol family='ipv4'><ip address='10.0.0.1' prefix='24'/></protocol>
        <bridge stp='off'><interface type='ethernet' name='eno1'/><interface type='vlan' name='eno2.7'/></bridge>
      </interface>`,
    )
    expect(bridge).toMatchObject({
      type: 'bridge',
      name: 'br0',
      mtu: 1500,
      speed: 10_000,
      state: 'up',
      bridgePorts: ['eno1', 'eno2.7'],
      addresses: [{ address: '10.0.0.1', prefix: 24 }],
    })
  })
})
