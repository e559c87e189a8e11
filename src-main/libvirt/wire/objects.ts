import { Failure } from '../../base/failure.ts'
import { int, optional, stringOf, struct, type Codec, type ValueOf } from './codec.ts'
import { maxString } from './limits.ts'

export const string = stringOf(maxString)
export const optionalString = optional(string)

const canonicalUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** 16 bytes on the wire, the canonical lower-case text in the program. */
export const uuid: Codec<string> = {
  shape: { kind: 'uuid' },
  encode(writer, value) {
    const text = value.toLowerCase()
    if (!canonicalUuid.test(text)) throw new Failure('encode', `"${value}" is no UUID.`)
    writer.fixed(Buffer.from(text.replaceAll('-', ''), 'hex'))
  },
  decode(reader) {
    const hex = reader.fixed(16).toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  },
}

/** A domain as libvirt names it in calls. `id` is -1 while it is not running; the daemon finds it by uuid. */
export const domain = struct({ name: string, uuid, id: int })
export type DomainRef = ValueOf<typeof domain>

export const network = struct({ name: string, uuid })

export const networkInterface = struct({ name: string, mac: string })
export const storagePool = struct({ name: string, uuid })
export type StoragePoolRef = ValueOf<typeof storagePool>

/** `key` is unique on the host, and for files it is the path. */
export const storageVolume = struct({ pool: string, name: string, key: string })
export type StorageVolumeRef = ValueOf<typeof storageVolume>

export const nodeDevice = struct({ name: string })
export const secret = struct({ uuid, usageType: int, usageId: string })
export const snapshot = struct({ name: string, domain })

/** virNetMessageError: what stands in a reply of status error. */
export const remoteError = struct({
  code: int,
  domain: int,
  message: optionalString,
  level: int,
  dom: optional(domain),
  str1: optionalString,
  str2: optionalString,
  str3: optionalString,
  int1: int,
  int2: int,
  net: optional(network),
})
export type RemoteError = ValueOf<typeof remoteError>
