import type { Finding } from '../../../contract/migration.ts'
import type { Interface } from '../../../libvirt/xml/domain/interface.ts'
import type { Check, PreflightContext } from './check.ts'
import { about, list } from './finding.ts'

/** Every network card needs its network or bridge at the destination, and one that does not belong to its host. */
export const nics: Check = {
  subject: 'network',
  async run(context) {
    return (await Promise.all(context.domain.live.devices.interfaces.map((nic) => checkNic(nic, context)))).flat()
  },
}

async function checkNic(nic: Interface, context: PreflightContext): Promise<Finding[]> {
  const { domain, destination, source } = context
  const { error, warning } = about(`network card ${nic.mac}`)
  const { source: from } = nic
  // A failover pair is unplugged and plugged in again by QEMU itself.
  if (nic.teaming && from.kind === 'hostdev') return []
  switch (from.kind) {
    case 'network':
      return checkNetwork(nic, from.network, from.portGroup, context)
    case 'bridge':
      return checkBridge(nic, from.bridge, context)
    case 'direct': {
      const links = await destination.facts.interfaces()
      if (!links || links.some(({ name }) => name === from.device)) return []
      return [error('nic-device-missing', `${destination.name} has no network device ${from.device}, which a card of ${domain.name} is attached to.`, { evidence: `there: ${list(links.map(({ name }) => name))}` })]
    }
    case 'hostdev':
      return domain.isActive ? [error('nic-passthrough', `A network card of ${domain.name} is a piece of ${source.name}’s hardware (SR-IOV).`, { next: 'Detach it before the move, or pair it with a virtio card (teaming).' })] : []
    case 'vdpa':
      return domain.isActive ? [error('nic-vdpa', `A network card of ${domain.name} is a vDPA device of ${source.name}; libvirt does not move it.`)] : []
    case 'vhost-user': {
      const seen = await destination.facts.exec(['test', '-S', from.path])
      if (seen?.code === 0) return []
      return [warning('nic-vhost-user', `Whether ${destination.name} serves the vhost-user socket of a card could not be seen.`, { evidence: from.path })]
    }
    case 'user':
      return domain.isActive ? [warning('nic-user', `A card of ${domain.name} uses QEMU’s user-mode network: its open connections end with the move.`)] : []
    case 'ethernet':
      return [warning('nic-unmanaged', `A card of ${domain.name} uses a tap device that libvirt does not manage; ${destination.name} must provide it.`)]
    default:
      return []
  }
}

async function checkNetwork(nic: Interface, name: string, portGroup: string | undefined, { domain, source, destination }: PreflightContext): Promise<Finding[]> {
  const { error, warning } = about(`network card ${nic.mac}`)
  const [here, there] = await Promise.all([source.facts.networks(), destination.facts.networks()])
  const network = there.find((each) => each.name === name)
  if (!network) {
    return [error('network-missing', `${destination.name} has no network “${name}”, which a card of ${domain.name} uses.`, { evidence: there.length > 0 ? `there: ${list(there.map((each) => each.name))}` : 'it has none', next: 'Define it there; its bridge may have another name.' })]
  }
  if (!network.isActive && domain.isActive) return [error('network-inactive', `Network “${name}” is not started on ${destination.name}.`, { next: `virsh net-start ${name}` })]
  if (portGroup && !network.portGroups.some((group) => group.name === portGroup)) {
    return [warning('network-port-group', `Network “${name}” on ${destination.name} has no port group “${portGroup}”.`)]
  }
  const own = here.find((each) => each.name === name)
  if (network.forwardMode === 'hostdev' && domain.isActive && !nic.teaming) return [error('nic-passthrough', `Network “${name}” hands out pieces of hardware (SR-IOV), which cannot be moved live.`)]
  // NAT and isolated networks are each host's own: the guest keeps its address there, and may not be reached.
  if (['nat', 'isolated', 'route'].includes(network.forwardMode) && domain.isActive) {
    return [warning('network-host-local', `Network “${name}” ends at each host (${network.forwardMode}): what ${domain.name} is connected to may not be reachable from ${destination.name}.`)]
  }
  if (own?.mtu !== undefined && network.mtu !== undefined && own.mtu > network.mtu) return [mtuDiffers(nic, own.mtu, network.mtu, destination.name)]
  return []
}

async function checkBridge(nic: Interface, bridge: string, { domain, source, destination }: PreflightContext): Promise<Finding[]> {
  const { error, note } = about(`network card ${nic.mac}`)
  const [here, there] = await Promise.all([source.facts.interfaces(), destination.facts.interfaces()])
  if (!there) return [note('bridge-not-seen', `Whether ${destination.name} has the bridge ${bridge} could not be looked up.`)]
  const link = there.find(({ name }) => name === bridge)
  if (!link) {
    return [error('bridge-missing', `${destination.name} has no bridge ${bridge}, which a card of ${domain.name} uses.`, { evidence: `there: ${list(there.filter(({ name }) => name !== 'lo').map(({ name }) => name))}` })]
  }
  const own = here?.find(({ name }) => name === bridge)
  return own?.mtu && link.mtu && own.mtu > link.mtu ? [mtuDiffers(nic, own.mtu, link.mtu, destination.name)] : []
}

function mtuDiffers(nic: Interface, here: number, there: number, name: string): Finding {
  return about(`network card ${nic.mac}`).warning('nic-mtu', `The network of a card carries smaller packets on ${name}.`, { evidence: `MTU ${here} here, ${there} there`, next: 'Connections that use large packets will hang until the MTU is set alike.' })
}

