import { duplexPair, type Duplex } from 'node:stream'
import type { Disposable } from '../../base/disposable.ts'
import type { Event } from '../../base/event.ts'

/** A way between two ends on which nothing passes while `isCut`; what was sent meanwhile arrives once it is whole again, as TCP has it. */
export function heldUp(isCut: () => boolean, onDidChange: Event<void>): { readonly near: Duplex; readonly served: Duplex } & Disposable {
  const [near, inner] = duplexPair()
  const [outer, served] = duplexPair()
  const held: (() => void)[] = []
  const pass = (run: () => void) => {
    if (isCut() || held.length > 0) held.push(run)
    else run()
  }
  const join = (from: Duplex, to: Duplex) => {
    from.on('data', (chunk: Buffer) => pass(() => void to.write(chunk)))
    from.on('end', () => pass(() => void to.end()))
    from.on('error', () => {})
    from.on('close', () => pass(() => void to.destroy()))
  }
  join(inner, outer)
  join(outer, inner)
  const subscription = onDidChange(() => {
    while (held.length > 0 && !isCut()) held.shift()?.()
  })
  return { near, served, dispose: () => subscription.dispose() }
}
