import { duplexPair, type Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { Failure } from '../../base/failure.ts'
import { answerLink, awaitAnswer, readLine, takePageLink } from './page-link.ts'
import { splice } from './splice.ts'

const never = new AbortController().signal

test('a link’s first line is taken, and what follows stays for whoever has the link', async () => {
  const [near, far] = duplexPair()
  near.write('{"role":')
  near.write('"x"}\nrest')
  expect(await readLine(far, never)).toBe('{"role":"x"}')
  const rest = new Promise((resolve) => far.once('data', (chunk: Buffer) => resolve(chunk.toString())))
  far.resume()
  expect(await rest).toBe('rest')
})

test('the link goes to the role that it names; an unknown one, nonsense and a line without end are refused', async () => {
  const context = { job: 'job-00000001', identity: { ca: '', certificate: '', key: '' }, log: () => {}, signal: never, windDown() {} }
  const taken: unknown[] = []
  const roles = { x: async (_: Duplex, hello: unknown) => void taken.push(hello) }
  const say = async (text: string) => {
    const [near, far] = duplexPair()
    near.write(text)
    await takePageLink(roles, far, context)
  }
  await say('{"role":"x","n":1}\n')
  expect(taken).toEqual([{ role: 'x', n: 1 }])
  await expect(say('{"role":"toString"}\n')).rejects.toMatchObject({ code: 'page-hello' })
  await expect(say('hello\n')).rejects.toMatchObject({ code: 'page-hello' })
  await expect(say('x'.repeat(300_000))).rejects.toMatchObject({ code: 'page-hello' })
})

test('a role’s refusal reaches the other agent with code, sentence and next step', async () => {
  const [near, far] = duplexPair()
  answerLink(far, new Failure('relay-no-qemu', 'Nobody listens.', { evidence: 'ECONNREFUSED', next: 'Again.' }))
  await expect(awaitAnswer(near, never)).rejects.toMatchObject({ code: 'relay-no-qemu', message: 'Nobody listens.', evidence: 'ECONNREFUSED', next: 'Again.' })
  answerLink(far, null)
  await awaitAnswer(near, never)
})

test('joined streams carry everything both ways and end in order; one that breaks takes the other along, with the reason', async () => {
  const [a, near] = duplexPair()
  const [far, b] = duplexPair()
  let counted = 0
  const joined = splice(near, far, (bytes) => (counted += bytes))
  const heard: Buffer[] = []
  b.on('data', (chunk: Buffer) => heard.push(chunk))
  a.resume()
  a.end(Buffer.alloc(200_000, 7))
  b.end('and back')
  expect(await joined).toBeNull()
  expect(Buffer.concat(heard).length).toBe(200_000)
  expect(counted).toBe(200_000)

  const [, near2] = duplexPair()
  const [far2] = duplexPair()
  const broken = splice(near2, far2, () => {})
  near2.destroy(new Error('reset'))
  expect(await broken).toBe('near: reset')
  expect(far2.destroyed).toBe(true)
})
