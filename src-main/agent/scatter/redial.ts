import type { Duplex } from 'node:stream'
import { delay } from '../../base/abort.ts'
import { Failure } from '../../base/failure.ts'

const everyMs = 500
/** A host that is there and refuses so often has nobody listening. */
const mostRefusals = 3

export interface Redialling {
  /** A link that its far end has answered for. */
  readonly dial: () => Promise<Duplex>
  readonly forMs: number
  /** Whether there is still a use for it. */
  readonly isWanted: () => boolean
}

/** Dials until somebody answers. Rejects with the last reason when time is up, it is wanted no longer, nobody listens there, or the far agent itself said no: that is no matter of the network. */
export async function redial({ dial, forMs, isWanted }: Redialling): Promise<Duplex> {
  const deadline = performance.now() + forMs
  let refusals = 0
  for (;;) {
    try {
      return await dial()
    } catch (thrown) {
      const failure = thrown instanceof Failure ? thrown : null
      if (failure && failure.code !== 'agent-tunnel-unreachable' && failure.code !== 'page-hello') throw failure
      if (/ECONNREFUSED/.test(failure?.evidence ?? '') && ++refusals === mostRefusals) throw thrown
      if (performance.now() + everyMs > deadline || !isWanted()) throw thrown
    }
    await delay(everyMs)
    if (!isWanted()) throw new Failure('scatter-over', 'The link is needed no longer.')
  }
}
