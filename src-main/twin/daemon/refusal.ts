import { errorCodes, type ErrorCodeName } from '../../libvirt/wire/constants/error-code.ts'
import { errorDomains, type ErrorDomainName } from '../../libvirt/wire/constants/error-domain.ts'
import type { RemoteError } from '../../libvirt/wire/objects.ts'

/** What a daemon answers instead of a result, in libvirt's own codes and words. */
export class Refusal extends Error {
  readonly code: ErrorCodeName
  readonly domain: ErrorDomainName

  constructor(code: ErrorCodeName, message: string, domain: ErrorDomainName = 'VIR_FROM_QEMU') {
    super(message)
    this.code = code
    this.domain = domain
  }

  get remote(): RemoteError {
    return { code: errorCodes[this.code], domain: errorDomains[this.domain], message: this.message, level: 2, dom: null, str1: this.message, str2: null, str3: null, int1: -1, int2: -1, net: null }
  }
}
