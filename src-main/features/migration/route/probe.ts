import { isIP } from 'node:net'
import type { Route } from '../../../contract/migration.ts'
import { Failure } from '../../../base/failure.ts'
import type { HostFactsReader } from '../host-facts/host-facts-reader.ts'

/** Milliseconds after which a silent address counts as filtered. */
const probeMs = 1_500

/** What a script without further programs can find out: bash connects, and its words say how it went. */
const script = 'exec 3<>"/dev/tcp/$1/$2"'

/**
 * Whether a TCP connection from the host gets an answer at `address`. Nobody listens yet, so `refused` is a good sign: packets go there and back.
 * Asked by bash on the host, or where that is missing over the transport's own forwarding.
 */
export async function probe(host: HostFactsReader, address: string, port: number, signal: AbortSignal): Promise<Route['probe']> {
  if (isIP(address) === 0) {
    const known = await host.exec(['getent', 'ahosts', address])
    if (known && known.code === 2) return 'unresolved'
  }
  const answer = await host.exec(['timeout', String(probeMs / 1000), 'bash', '-c', script, 'probe', address, String(port)])
  if (answer && answer.code !== 127) return judge(answer)
  return probeByForwarding(host, address, port, signal)
}

/** `timeout` answers 124; bash names the reason in the words of strerror, whatever the locale's order. */
export function judge({ code, stderr }: { readonly code: number | null; readonly stderr: string }): Route['probe'] {
  if (code === 0) return 'reachable'
  if (code === 124) return 'filtered'
  if (/refused/i.test(stderr)) return 'refused'
  if (/name or service|resolution|not known|resolve|no address associated/i.test(stderr)) return 'unresolved'
  if (/no route|unreachable|timed out|prohibited|not permitted|denied/i.test(stderr)) return 'filtered'
  return 'not-probed'
}

async function probeByForwarding(host: HostFactsReader, address: string, port: number, signal: AbortSignal): Promise<Route['probe']> {
  const late = AbortSignal.timeout(probeMs)
  try {
    const stream = await host.session.transport.openTcp(address, port, { signal: AbortSignal.any([signal, late]) })
    stream.destroy()
    return 'reachable'
  } catch (thrown) {
    signal.throwIfAborted()
    if (late.aborted) return 'filtered'
    const words = thrown instanceof Failure ? `${thrown.message} ${thrown.evidence ?? ''}` : String(thrown)
    return judge({ code: 1, stderr: words })
  }
}
