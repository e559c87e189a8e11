import { Failure } from '../../base/failure.ts'
import { errorCodeName, type ErrorCodeName } from '../wire/constants/error-code.ts'
import { errorDomainName, type ErrorDomainName } from '../wire/constants/error-domain.ts'
import type { RemoteError } from '../wire/objects.ts'

/** What a daemon answered instead of a result: libvirt's own error (virterror.h), with its numbers, their names and its text. */
export class LibvirtError extends Failure<'libvirt'> {
  /** virErrorNumber, such as 42. */
  readonly number: number
  /** Its name, such as VIR_ERR_NO_DOMAIN. */
  readonly errorName: ErrorCodeName | 'VIR_ERR_UNKNOWN'
  /** virErrorDomain: the part of libvirt that it came from. */
  readonly domain: number
  readonly domainName: ErrorDomainName | 'VIR_FROM_UNKNOWN'
  /** libvirt's sentence, in the daemon's language. */
  readonly text: string
  /** The call that was answered, as the table names it. */
  readonly procedure: string
  readonly remote: RemoteError

  constructor(procedure: string, remote: RemoteError) {
    const errorName = errorCodeName(remote.code)
    const domainName = errorDomainName(remote.domain)
    const text = remote.message ?? `libvirt answered ${errorName} without a message.`
    super('libvirt', text, { evidence: `${procedure}: ${errorName} (${remote.code}) from ${domainName} (${remote.domain}): ${text}` })
    this.name = 'LibvirtError'
    this.number = remote.code
    this.errorName = errorName
    this.domain = remote.domain
    this.domainName = domainName
    this.text = text
    this.procedure = procedure
    this.remote = remote
  }
}

/** Whether `thrown` is libvirt's error of one of these names. */
export function isLibvirtError(thrown: unknown, ...names: readonly ErrorCodeName[]): thrown is LibvirtError {
  return thrown instanceof LibvirtError && (names.length === 0 || (names as readonly string[]).includes(thrown.errorName))
}

/** Whether the daemon does not know the call or refuses it as not implemented: VIR_ERR_NO_SUPPORT, or an RPC error about the procedure. */
export function isUnsupported(thrown: unknown): boolean {
  return (
    isLibvirtError(thrown, 'VIR_ERR_NO_SUPPORT') || (isLibvirtError(thrown, 'VIR_ERR_RPC') && thrown.text.startsWith('unknown procedure'))
  )
}
