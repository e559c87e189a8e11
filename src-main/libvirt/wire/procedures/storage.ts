import { bool, hyper, int, list, nothing, struct, uhyper, uint } from '../codec.ts'
import { maxObjects } from '../limits.ts'
import { network, optionalString, secret, storagePool, storageVolume, string, uuid } from '../objects.ts'
import { remote, streaming, urgent } from './procedure.ts'

const pool = struct({ pool: storagePool })
const vol = struct({ vol: storageVolume })
const net = struct({ net: network })
const volInfo = struct({ type: int, capacity: uhyper, allocation: uhyper })
const span = struct({ vol: storageVolume, offset: uhyper, length: uhyper, flags: uint })

/** Pools and volumes. Sizes in bytes; `length` 0 of a stream means to the end. */
export const storageProcedures = {
  storagePoolLookupByName: urgent(84, struct({ name: string }), pool),
  storagePoolLookupByUuid: urgent(85, struct({ uuid }), pool),
  storagePoolLookupByVolume: urgent(86, vol, pool),
  storagePoolLookupByTargetPath: remote(391, struct({ path: string }), pool),
  storagePoolGetInfo: urgent(87, pool, struct({ state: uint, capacity: uhyper, allocation: uhyper, available: uhyper })),
  storagePoolGetXmlDesc: urgent(88, struct({ pool: storagePool, flags: uint }), struct({ xml: string })),
  storagePoolIsActive: urgent(154, pool, struct({ isActive: bool })),
  storagePoolRefresh: remote(83, struct({ pool: storagePool, flags: uint }), nothing),
  storagePoolListAllVolumes: urgent(
    282,
    struct({ pool: storagePool, needResults: int, flags: uint }),
    struct({ vols: list(storageVolume, maxObjects), ret: uint }),
  ),
  storageVolLookupByName: urgent(95, struct({ pool: storagePool, name: string }), vol),
  storageVolLookupByKey: urgent(96, struct({ key: string }), vol),
  storageVolLookupByPath: urgent(97, struct({ path: string }), vol),
  storageVolGetInfo: urgent(98, vol, volInfo),
  storageVolGetInfoFlags: urgent(378, struct({ vol: storageVolume, flags: uint }), volInfo),
  storageVolGetXmlDesc: urgent(99, struct({ vol: storageVolume, flags: uint }), struct({ xml: string })),
  storageVolGetPath: urgent(100, vol, struct({ name: string })),
  storageVolCreateXml: remote(93, struct({ pool: storagePool, xml: string, flags: uint }), vol),
  storageVolDelete: remote(94, struct({ vol: storageVolume, flags: uint }), nothing),
  storageVolUpload: streaming(208, 'write', span, nothing),
  storageVolDownload: streaming(209, 'read', span, nothing),
}

export const networkProcedures = {
  networkLookupByName: urgent(46, struct({ name: string }), net),
  networkLookupByUuid: urgent(47, struct({ uuid }), net),
  networkGetXmlDesc: urgent(43, struct({ net: network, flags: uint }), struct({ xml: string })),
  networkGetBridgeName: urgent(45, net, struct({ name: string })),
  networkGetAutostart: urgent(44, net, struct({ isAutostart: bool })),
  networkIsActive: urgent(152, net, struct({ isActive: bool })),
  networkIsPersistent: urgent(153, net, struct({ isPersistent: bool })),
  networkGetDhcpLeases: remote(
    341,
    struct({ net: network, mac: optionalString, needResults: int, flags: uint }),
    struct({
      leases: list(
        struct({
          iface: string,
          expirytime: hyper,
          type: int,
          mac: optionalString,
          iaid: optionalString,
          ipaddr: string,
          prefix: uint,
          hostname: optionalString,
          clientid: optionalString,
        }),
        65_536,
      ),
      ret: uint,
    }),
  ),
}

/** Only what says that a secret exists; their values are never asked for. */
export const secretProcedures = {
  secretLookupByUuid: urgent(141, struct({ uuid }), struct({ secret })),
  secretLookupByUsage: urgent(147, struct({ usageType: int, usageId: string }), struct({ secret })),
  secretGetXmlDesc: urgent(143, struct({ secret, flags: uint }), struct({ xml: string })),
}
