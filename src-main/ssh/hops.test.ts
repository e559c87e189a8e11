import { existsSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { CommandQuestion } from './ask.ts'
import { answering, freePort, quiet, SshFixture } from './sshd-fixture.ts'
import { SshTransport, type SshTransportOptions } from './ssh-transport.ts'
import { parseAddress, type HostAddress } from '../transport/address.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const fixture = new SshFixture()
type Sshd = Awaited<ReturnType<SshFixture['sshd']>>
let [jump, second, target]: (Sshd | undefined)[] = []
let [jumpKey, targetKey] = ['', '']
let block: (name: string, server: Sshd, key: string, more?: string) => string

beforeAll(async () => {
  const hostKeys = [fixture.key('host-jump'), fixture.key('host-second'), fixture.key('host-target')] as const
  jumpKey = fixture.key('user-jump')
  targetKey = fixture.key('user-target')
  jump = await fixture.sshd({ hostKeys: [hostKeys[0]], authorized: [jumpKey] })
  second = await fixture.sshd({ hostKeys: [hostKeys[1]], authorized: [jumpKey] })
  target = await fixture.sshd({ hostKeys: [hostKeys[2]], authorized: [targetKey] })
  const known = fixture.write('known', fixture.known(jump.port, hostKeys[0]) + fixture.known(second.port, hostKeys[1]) + fixture.known(target.port, hostKeys[2]))
  block = (name, server, key, more = '') =>
    `Host ${name}\n HostName 127.0.0.1\n Port ${server.port}\n User ${fixture.user}\n IdentityFile ${key}\n UserKnownHostsFile ${known}\n GlobalKnownHostsFile none\n${more}`
})
afterAll(() => fixture.dispose())

const at = (name: string) => parseAddress(`ssh://${name}`) as Extract<HostAddress, { scheme: 'ssh' }>
const open = (host: string | SshTransportOptions['address'], more: Partial<SshTransportOptions> = {}) =>
  SshTransport.open({ address: typeof host === 'string' ? at(host) : host, sources: fixture.sources, ask: answering().ask, log: quiet, ...more })

describe('ProxyJump', () => {
  const serversOf = async (transport: SshTransport) => {
    const { stdout } = await transport.exec(['sh', '-c', 'echo "$SSH_CONNECTION"'])
    return Number(stdout.trim().split(' ')[3])
  }

  test('over one host, each with its own key, host key and name', async () => {
    fixture.config(block('jump', jump!, jumpKey) + block('target', target!, targetKey, ' ProxyJump jump\n'))
    const steps: string[] = []
    const transport = await open('target', { report: (step) => steps.push(step) })
    expect(await serversOf(transport)).toBe(target!.port)
    expect(steps).toEqual(['Reaching jump', 'Logging in to jump', 'Reaching target', 'Logging in to target'])
    transport.close()
  })

  test('over a chain, and over a jump host that has one of its own', async () => {
    fixture.config(block('a', jump!, jumpKey) + block('b', second!, jumpKey) + block('target', target!, targetKey, ' ProxyJump a,b\n'))
    const listed = await open('target')
    expect(await serversOf(listed)).toBe(target!.port)
    listed.close()
    fixture.config(block('a', jump!, jumpKey) + block('b', second!, jumpKey, ' ProxyJump a\n') + block('target', target!, targetKey, ' ProxyJump b\n'))
    const nested = await open('target')
    expect(await serversOf(nested)).toBe(target!.port)
    nested.close()
  })

  test('the loss of the jump host is the loss of the connection', async () => {
    fixture.config(block('jump', jump!, jumpKey) + block('target', target!, targetKey, ' ProxyJump jump\n'))
    const direct = await open('jump')
    const transport = await open('target')
    const lost = new Promise((resolve) => transport.onDidChangeState((state) => resolve(state)))
    // The two servers of the jump host are the children of its listener; the younger is that of the transport.
    const { stdout } = await direct.exec(['pgrep', '-n', '-P', String(jump!.process.pid)])
    process.kill(Number(stdout), 'SIGKILL')
    expect(await lost).toMatchObject({ kind: 'closed', failure: { code: 'ssh-connection-lost' } })
    direct.close()
  })

  test('a circle, a jump host that forwards nothing, and a target that is not there', async () => {
    fixture.config(block('a', jump!, jumpKey, ' ProxyJump b\n') + block('b', second!, jumpKey, ' ProxyJump a\n'))
    await expect(open('a')).rejects.toMatchObject({ code: 'ssh-config-invalid', message: expect.stringContaining('circle') })
    const closed = await fixture.sshd({ hostKeys: [`${fixture.folder}/host-jump`], authorized: [jumpKey], extra: 'AllowTcpForwarding no' })
    fixture.config(block('jump', closed, jumpKey, ' StrictHostKeyChecking accept-new\n') + block('target', target!, targetKey, ' ProxyJump jump\n'))
    await expect(open('target')).rejects.toMatchObject({ code: 'ssh-forwarding-refused' })
    fixture.config(block('jump', jump!, jumpKey) + `Host target\n HostName 127.0.0.1\n Port ${await freePort()}\n ProxyJump jump\n`)
    await expect(open('target')).rejects.toMatchObject({ code: 'host-unreachable' })
  })
})

describe('ProxyCommand', () => {
  const command = `${process.execPath} -e "const s=require('net').connect(%p,'%h');process.stdin.pipe(s).pipe(process.stdout)"`

  test('runs once it is allowed, as the exact line, and then carries the connection', async () => {
    fixture.config(block('target', target!, targetKey, ` ProxyCommand ${command}\n`))
    const { ask, asked } = answering({ 'command-consent': { kind: 'accept-once' } })
    const transport = await open('target', { ask })
    expect((await transport.exec(['echo', 'through'])).stdout).toBe('through\n')
    transport.close()
    expect(asked).toMatchObject([
      { kind: 'command-consent', source: 'proxy-command', host: 'target', line: `ProxyCommand ${command}`, command: expect.stringContaining(`connect(${target!.port},'127.0.0.1')`) },
    ])
    const consent = (question: CommandQuestion) => question.line === `ProxyCommand ${command}`
    const again = answering()
    const allowed = await open('target', { ask: again.ask, consent })
    allowed.close()
    expect(again.asked).toEqual([])
  })

  test('does not run when refused or dismissed', async () => {
    fixture.config(block('target', target!, targetKey, ` ProxyCommand touch ${fixture.folder}/ran; ${command}\n`))
    await expect(open('target', { ask: answering({ 'command-consent': { kind: 'refuse' } }).ask })).rejects.toMatchObject({ code: 'consent-refused' })
    await expect(open('target')).rejects.toMatchObject({ code: 'prompt-dismissed' })
    expect(existsSync(`${fixture.folder}/ran`)).toBe(false)
  })

  test('what it says when it fails is in the evidence', async () => {
    fixture.config(block('target', target!, targetKey, ' ProxyCommand echo no route today >&2; exit 3\n'))
    await expect(open('target', { consent: () => true })).rejects.toMatchObject({ code: 'host-unreachable', evidence: expect.stringContaining('no route today') })
  })
})

describe('hostile servers', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })
  async function serve(behave: Parameters<typeof createServer>[1]) {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      behave?.(socket)
    }).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    fixture.config('')
    return at(`127.0.0.1:${(server.address() as { port: number }).port}`)
  }

  test.each<[string, Buffer | string, string]>([
    ['garbage', Buffer.alloc(100_000, 0xff), 'ssh-protocol'],
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'ssh-protocol'],
    ['protocol 1', 'SSH-1.5-old\r\n', 'ssh-protocol'],
    ['garbage after its name', Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), Buffer.alloc(100_000, 0xff)]), 'ssh-protocol'],
  ])('%s', async (_, bytes, code) => {
    const address = await serve((socket) => socket.end(bytes))
    await expect(open(address)).rejects.toMatchObject({ code })
  })

  test('a banner without an end is cut off', async () => {
    const address = await serve((socket) => {
      const pour = () => {
        while (!socket.destroyed && socket.write('no end in sight\r\n'.repeat(500)));
      }
      socket.on('drain', pour)
      pour()
    })
    await expect(open(address)).rejects.toMatchObject({ code: 'ssh-protocol' })
  })

  test('one that says nothing, or stops after its name, meets the deadline', async () => {
    const silent = await serve(() => {})
    await expect(open(silent, { connectDeadlineMs: 50 })).rejects.toMatchObject({ code: 'deadline' })
    const halting = await serve((socket) => socket.write('SSH-2.0-x\r\n'))
    await expect(open(halting, { connectDeadlineMs: 50 })).rejects.toMatchObject({ code: 'deadline' })
  })

  test('one that hangs up, or is not there at all', async () => {
    const address = await serve((socket) => socket.destroy())
    await expect(open(address)).rejects.toMatchObject({ code: expect.stringMatching(/^(ssh-protocol|host-unreachable)$/) })
    await expect(open(at(`127.0.0.1:${await freePort()}`))).rejects.toMatchObject({ code: 'host-unreachable', evidence: expect.stringContaining('ECONNREFUSED') })
    await expect(open(at('no-such-host.invalid'))).rejects.toMatchObject({ code: 'host-not-found' })
  })

  test('an attempt can be called off, also before it has begun', async () => {
    const silent = await serve(() => {})
    const stop = new AbortController()
    const attempt = open(silent, { signal: stop.signal })
    stop.abort(new Error('never mind'))
    await expect(attempt).rejects.toThrow('never mind')
    await expect(open(silent, { signal: stop.signal })).rejects.toThrow('never mind')
  })

  test('a connection that breaks in the middle of an upload says so', async () => {
    fixture.config(block('target', target!, targetKey))
    const proxy = await new Promise<{ port: number; cut: () => void }>((resolve) => {
      const server = createServer((near) => {
        const far = connect(target!.port, '127.0.0.1')
        near.on('error', () => {})
        far.on('error', () => {})
        near.pipe(far).pipe(near)
        resolveCut = () => {
          near.destroy()
          far.destroy()
        }
      }).listen(0, '127.0.0.1', () => resolve({ port: (server.address() as { port: number }).port, cut: () => resolveCut() }))
      let resolveCut = () => {}
      servers.push(server)
    })
    const transport = await open(
      { scheme: 'ssh', user: null, host: 'target', port: proxy.port },
      { ask: answering({ 'host-key': { kind: 'accept-once' } }).ask },
    )
    const onProgress = (bytes: number) => {
      if (bytes > 5_000_000) proxy.cut()
    }
    await expect(transport.upload(Buffer.alloc(20_000_000), `${fixture.folder}/cut`, { mode: 0o600, onProgress })).rejects.toMatchObject({ code: 'ssh-connection-lost' })
    expect(existsSync(`${fixture.folder}/cut`)).toBe(false)
  })
})
