import type { Duplex } from 'node:stream'
import { z } from 'zod'
import { abortable } from '../../base/abort.ts'
import { Failure } from '../../base/failure.ts'
import type { TlsIdentity } from '../protocol/destination-route.ts'

/** What a page role has of the job that a link belongs to. */
export interface PageContext {
  readonly job: string
  /** What this agent shows the job's other agents when it dials them. */
  readonly identity: TlsIdentity
  readonly log: (level: 'info' | 'warning', text: string) => void
  /** Aborts when the tunnel is closed by force. */
  readonly signal: AbortSignal
  /** The job has what it wanted here: its listener goes soon after the last connection, also when nobody says so any more. */
  readonly windDown: () => void
}

/** What an agent does with the links of one role; `hello` is the whole first line. Resolves when all that the link set off is done. */
export type PageRole = (link: Duplex, hello: unknown, context: PageContext) => Promise<void>

const anyHello = z.looseObject({ role: z.string() })
/** With the routes to some depots in it. */
const longestHello = 256 * 1024
const helloMs = 10_000

/** The first line of a link, without its end; what follows stays in the link, which is paused. Rejects with `page-hello`. */
export async function readLine(link: Duplex, signal: AbortSignal): Promise<string> {
  let settle: { resolve: (line: string) => void; reject: (reason: Error) => void }
  const line = new Promise<string>((resolve, reject) => (settle = { resolve, reject }))
  const parts: Buffer[] = []
  let length = 0
  const take = (chunk: Buffer) => {
    const at = chunk.indexOf(10)
    parts.push(at < 0 ? chunk : chunk.subarray(0, at))
    length += chunk.length
    if (at < 0 && length > longestHello) return settle.reject(new Failure('page-hello', 'The first line of a link is too long.'))
    if (at < 0) return
    link.pause()
    link.off('data', take)
    if (at + 1 < chunk.length) link.unshift(chunk.subarray(at + 1))
    settle.resolve(Buffer.concat(parts).toString())
  }
  const gone = () => settle.reject(new Failure('page-hello', 'The link was closed before its first line.'))
  link.on('data', take)
  link.resume()
  link.once('close', gone)
  const timer = setTimeout(() => settle.reject(new Failure('page-hello', 'The first line of a link did not come.', { evidence: `within ${helloMs} ms` })), helloMs)
  try {
    return await abortable(line, signal)
  } finally {
    clearTimeout(timer)
    link.off('data', take)
    link.off('close', gone)
  }
}

/** Reads a link's first line and hands the link to the role that it names. */
export async function takePageLink(roles: Readonly<Record<string, PageRole>>, link: Duplex, context: PageContext): Promise<void> {
  link.on('error', () => link.destroy())
  const text = await readLine(link, context.signal)
  let hello: z.infer<typeof anyHello>
  try {
    hello = anyHello.parse(JSON.parse(text))
  } catch (thrown) {
    throw new Failure('page-hello', 'The first line of a link makes no sense.', { cause: thrown })
  }
  const role = Object.hasOwn(roles, hello.role) ? roles[hello.role] : undefined
  if (!role) throw new Failure('page-hello', 'The link asks for a role that this agent does not have.', { evidence: hello.role.slice(0, 40) })
  await role(link, hello, context)
}

const answer = z.union([z.object({ ok: z.literal(true) }), z.object({ failure: z.object({ code: z.string(), sentence: z.string(), evidence: z.string().optional(), next: z.string().optional() }) })])

/** Tells the dialling end that the role stands ready, or why not. */
export function answerLink(link: Duplex, failure: Failure | null): void {
  const told = failure === null ? { ok: true } : { failure: { code: failure.code, sentence: failure.message, evidence: failure.evidence, next: failure.next } }
  link.write(`${JSON.stringify(told)}\n`)
}

/** Waits for {@link answerLink} of the far end; its failure is thrown. What follows stays in the link, which is paused. */
export async function awaitAnswer(link: Duplex, signal: AbortSignal): Promise<void> {
  const parsed = answer.safeParse(JSON.parse(await readLine(link, signal)))
  if (!parsed.success) throw new Failure('page-hello', 'The other agent answered something else than a page role does.')
  if ('ok' in parsed.data) return
  const { code, sentence, evidence, next } = parsed.data.failure
  throw new Failure(code, sentence, { ...(evidence === undefined ? {} : { evidence }), ...(next === undefined ? {} : { next }) })
}
