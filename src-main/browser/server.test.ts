import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { Failure } from '../base/failure.ts'
import { wirePair, type Wire } from '../base/wire.ts'
import { openBrowserServer, type BrowserServer } from './server.ts'

let folder: string
let server: BrowserServer
let served: Wire[]
let refusal: Failure | null
let origin: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-browser-'))
  const page = join(folder, 'page')
  mkdirSync(join(page, 'assets'), { recursive: true })
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>Drover</title>')
  writeFileSync(join(page, 'assets', 'main.js'), 'export {}')
  writeFileSync(join(folder, 'secret.json'), '{}')
  served = []
  refusal = null
  server = await openBrowserServer({
    port: 0,
    page,
    async connect() {
      if (refusal) throw refusal
      const [mine, theirs] = wirePair()
      theirs.onDidReceive((message) => theirs.send(`heard ${String(message)}`))
      served.push(theirs)
      return mine
    },
  })
  origin = `http://127.0.0.1:${server.port}`
})
afterEach(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Answer {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly body: string
}

/** A request with exactly these headers, which fetch would not let us choose. */
function ask(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: server.port, path, method: options.method ?? 'GET', headers: options.headers ?? {} }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += String(chunk)))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    sent.on('error', reject)
    sent.end(options.body)
  })
}

function swap(token: string, headers: Record<string, string> = {}): Promise<Answer> {
  return ask('/session', { method: 'POST', headers: { origin, 'content-type': 'application/json', ...headers }, body: JSON.stringify({ token }) })
}

function freshToken(): string {
  return new URL(server.createUrl()).hash.replace('#token=', '')
}

async function openSession(): Promise<string> {
  return (JSON.parse((await swap(freshToken())).body) as { session: string }).session
}

/** What becomes of a WebSocket: a status of the refused upgrade, or the messages and the close code. */
function dial(options: { path?: string; headers?: Record<string, string>; first?: string }): Promise<{ status: number } | { code: number; reason: string } | { message: string; socket: WebSocket }> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${options.path ?? '/rpc'}`, { headers: { origin, ...options.headers } })
    socket.on('unexpected-response', (_, response) => resolve({ status: response.statusCode ?? 0 }))
    socket.on('open', () => options.first !== undefined && socket.send(options.first))
    socket.on('message', (data) => resolve({ message: String(data), socket }))
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
    socket.on('error', () => {})
  })
}

describe('the page', () => {
  test('is served with a strict policy, also at its routes', async () => {
    for (const path of ['/', '/hosts/alpha', '/index.html']) {
      const { status, headers, body } = await ask(path)
      expect([status, body]).toEqual([200, '<!doctype html><title>Drover</title>'])
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("script-src 'self';")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).toContain(`connect-src 'self' ws://127.0.0.1:${server.port}`)
      expect(policy).not.toContain('unsafe-eval')
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cross-origin-resource-policy': 'same-origin' })
      expect(headers).not.toHaveProperty('access-control-allow-origin')
      expect(headers).not.toHaveProperty('set-cookie')
    }
    expect((await ask('/assets/main.js')).headers['content-type']).toContain('javascript')
  })

  test.each(['/../secret.json', '/%2e%2e/secret.json', '/assets/..%2f..%2fsecret.json', '/..%5csecret.json', '/missing.js', '/%00.js', '/%zz.js', '/assets/main.ts'])('%s is not found', async (path) => {
    expect((await ask(path)).status).toBe(404)
  })

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is refused', async (method) => {
    expect((await ask('/', { method })).status).toBe(405)
  })
})

describe('a name that was rebound to this machine', () => {
  test.each(['attacker.example', 'localhost', '127.0.0.1', '127.0.0.1:1', '[::1]'])('reaches nothing as %s', async (name) => {
    const host = name === 'attacker.example' || name === 'localhost' ? `${name}:${server.port}` : name
    expect((await ask('/', { headers: { host } })).status).toBe(421)
    expect((await swap(freshToken(), { host })).status).toBe(421)
    expect(await dial({ headers: { host, origin: `http://${host}` } })).toEqual({ status: 403 })
  })
})

describe('the swap of a token', () => {
  test('works once', async () => {
    const token = freshToken()
    const first = await swap(token)
    expect(first.status).toBe(200)
    expect(first.headers).not.toHaveProperty('set-cookie')
    expect(first.headers['cache-control']).toBe('no-store')
    expect((await swap(token)).status).toBe(401)
  })

  test('is refused from another page, without an origin, by GET, as a form, without a token, with nonsense, or with a flood', async () => {
    const token = freshToken()
    for (const other of ['http://attacker.example', `https://127.0.0.1:${server.port}`, 'http://127.0.0.1', 'null']) expect((await swap(token, { origin: other })).status).toBe(403)
    expect((await ask('/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) })).status).toBe(403)
    expect((await ask(`/session?token=${token}`, { headers: { origin } })).status).toBe(405)
    expect((await swap(token, { 'content-type': 'text/plain' })).status).toBe(415)
    for (const body of ['', '{}', '[]', 'null', '{"token":1}', 'x'.repeat(5000)]) {
      expect((await ask('/session', { method: 'POST', headers: { origin, 'content-type': 'application/json' }, body })).status).toBe(401)
    }
    // None of that used it up.
    expect((await swap(token)).status).toBe(200)
  })
})

describe('the WebSocket', () => {
  test('talks to the owner once a session was presented, also a second time', async () => {
    const session = await openSession()
    for (let i = 0; i < 2; i++) {
      const answered = await dial({ first: session })
      if (!('socket' in answered)) throw new Error('refused')
      expect(answered.message).toBe('ready')
      const heard = new Promise((resolve) => answered.socket.once('message', (data) => resolve(String(data))))
      answered.socket.send('hello')
      expect(await heard).toBe('heard hello')
      answered.socket.terminate()
    }
  })

  test('is refused from another page and at another path', async () => {
    expect(await dial({ headers: { origin: 'http://attacker.example' } })).toEqual({ status: 403 })
    expect(await dial({ headers: { origin: '' } })).toEqual({ status: 403 })
    expect(await dial({ path: '/rpc?session=x' })).toEqual({ status: 403 })
    expect(await dial({ path: '/' })).toEqual({ status: 403 })
  })

  test('is closed on a wrong session, a token in its place, or a flood, and reaches no owner', async () => {
    for (const first of ['', 'wrong', freshToken(), 'x'.repeat(100_000)]) expect(await dial({ first })).toMatchObject({ code: 4401 })
    expect(served).toEqual([])
  })

  test('says why when the owner of the profile cannot be reached', async () => {
    const session = await openSession()
    refusal = new Failure('owner-silent', 'Another Drover holds this profile and does not answer, which is a long story that does not fit into the reason of a close frame.')
    const closed = await dial({ first: session })
    expect(closed).toMatchObject({ code: 4503, reason: expect.stringContaining('Another Drover holds this profile') as string })
  })

  test('ends with the owner, and the owner hears when the page goes', async () => {
    const answered = await dial({ first: await openSession() })
    if (!('socket' in answered)) throw new Error('refused')
    const gone = new Promise<void>((resolve) => served[0]!.onDidClose(() => resolve()))
    answered.socket.close()
    await gone

    const other = await dial({ first: await openSession() })
    if (!('socket' in other)) throw new Error('refused')
    const closed = new Promise<void>((resolve) => other.socket.once('close', () => resolve()))
    served[1]!.close()
    await closed
  })

  test('takes so many strangers at a time and no more', async () => {
    const strangers = Array.from({ length: 16 }, () => new WebSocket(`ws://127.0.0.1:${server.port}/rpc`, { headers: { origin } }))
    await Promise.all(strangers.map((socket) => new Promise((resolve) => socket.once('open', resolve))))
    expect(await dial({ first: 'x' })).toEqual({ status: 503 })
    await Promise.all(
      strangers.map((socket) => {
        const closed = new Promise((resolve) => socket.once('close', resolve))
        socket.close()
        return closed
      }),
    )
    expect(await dial({ first: await openSession() })).toMatchObject({ message: 'ready' })
  })
})
