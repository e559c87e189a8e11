import { chmodSync, copyFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import ssh2, { type AuthContext, type Connection } from 'ssh2'
import { parseAddress, type HostAddress } from '../transport/address.ts'
import type { SecretKey, Secrets, SshAnswer, SshQuestion } from './ask.ts'
import { answering, quiet, SshFixture } from './sshd-fixture.ts'
import { SshTransport, type SshTransportOptions } from './ssh-transport.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const fixture = new SshFixture()
let hostKey = ''
let knownHostsFiles: string[]
beforeAll(() => {
  hostKey = fixture.key('host')
  knownHostsFiles = [fixture.write('known', `* ${fixture.publicKey(hostKey)}\n`)]
})
afterAll(() => fixture.dispose())

type Answers = Partial<Record<SshQuestion['kind'], SshAnswer | SshAnswer[]>>

async function connect(address: SshTransportOptions['address'], answers: Answers = {}, more: Partial<SshTransportOptions> = {}) {
  const questions = answering(answers)
  const sources = more.sources ?? fixture.sources
  const outcome = await SshTransport.open({ address, knownHostsFiles, ask: questions.ask, log: quiet, ...more, sources }).then(
    (transport) => ({ transport, failure: null }),
    (error: unknown) => ({ transport: null, failure: error }),
  )
  outcome.transport?.close()
  return { failure: outcome.failure, asked: questions.asked }
}

const secret = (value: string, remember = false): SshAnswer => ({ kind: 'secret', value, remember })

/** A store of secrets that tells what was done with it. */
function remembering(kept: Record<string, string> = {}) {
  const calls: string[] = []
  const secrets: Secrets = {
    lookup: async (key: SecretKey) => kept[key] ?? null,
    remember: async (key, value) => {
      calls.push(`remember ${key} ${value}`)
    },
    forget: async (key) => {
      calls.push(`forget ${key}`)
    },
  }
  return { secrets, calls }
}

describe('keys, with a real sshd', () => {
  let server: Awaited<ReturnType<SshFixture['sshd']>>
  let [plain, locked, stranger, rsa] = ['', '', '', '']
  beforeAll(async () => {
    plain = fixture.key('plain')
    locked = fixture.key('locked', { passphrase: 'open sesame' })
    stranger = fixture.key('stranger', { passphrase: 'never asked' })
    rsa = fixture.key('rsa', { type: 'rsa', extra: ['-b', '2048'] })
    const ecdsa = fixture.key('ecdsa', { type: 'ecdsa' })
    server = await fixture.sshd({ hostKeys: [hostKey], authorized: [plain, locked, rsa, ecdsa] })
  })
  const use = (...lines: string[]) => fixture.config(`Host *\n ${lines.join('\n ')}\n`)
  const withAgent = (socket: string) => ({ sources: { ...fixture.sources, environment: { ...fixture.sources.environment, SSH_AUTH_SOCK: socket } } })

  test.each(['plain', 'rsa', 'ecdsa'])('a key file (%s)', async (name) => {
    use(`IdentityFile ${fixture.folder}/${name}`)
    expect(await connect(server.address)).toEqual({ failure: null, asked: [] })
  })

  test.each([
    ['PEM', ['-m', 'PEM'], 'rsa'],
    ['PKCS8', ['-m', 'PKCS8'], 'ecdsa'],
  ])('old forms of encrypted keys (%s), without a .pub beside them', async (form, extra, type) => {
    const path = fixture.key(`old-${form}`, { type, passphrase: 'old one', extra })
    const own = await fixture.sshd({ hostKeys: [hostKey], authorized: [path] })
    rmSync(`${path}.pub`)
    use(`IdentityFile ${path}`)
    expect((await connect(own.address, { passphrase: secret('old one') })).failure).toBeNull()
  })

  test('an encrypted key asks for its passphrase, again after a wrong one, and only where the server would take it', async () => {
    use(`IdentityFile ${stranger}`, `IdentityFile ${locked}`)
    const { failure, asked } = await connect(server.address, { passphrase: [secret('wrong'), secret('open sesame')] })
    expect(failure).toBeNull()
    expect(asked).toMatchObject([
      { kind: 'passphrase', path: locked, comment: 'locked', attempt: 1 },
      { kind: 'passphrase', path: locked, attempt: 2 },
    ])
  })

  test('a passphrase is remembered once it has opened the key, taken from the store, and forgotten when wrong', async () => {
    use(`IdentityFile ${locked}`)
    const first = remembering()
    await connect(server.address, { passphrase: [secret('bad', true), secret('open sesame', true)] }, { secrets: first.secrets })
    expect(first.calls).toEqual([`remember ssh-passphrase:${locked} open sesame`])
    const kept = remembering({ [`ssh-passphrase:${locked}`]: 'open sesame' })
    expect(await connect(server.address, {}, { secrets: kept.secrets })).toEqual({ failure: null, asked: [] })
    const stale = remembering({ [`ssh-passphrase:${locked}`]: 'stale' })
    await connect(server.address, { passphrase: secret('open sesame') }, { secrets: stale.secrets })
    expect(stale.calls).toEqual([`forget ssh-passphrase:${locked}`])
  })

  test('three wrong passphrases, a skip and a dismissal', async () => {
    use(`IdentityFile ${locked}`)
    const wrong = await connect(server.address, { passphrase: secret('wrong') })
    expect(wrong.asked).toHaveLength(3)
    expect(wrong.failure).toMatchObject({ code: 'ssh-auth-refused', evidence: expect.stringContaining(`key ${locked}`) })
    expect(JSON.stringify(wrong.failure)).not.toContain('"wrong"')
    expect((await connect(server.address, { passphrase: { kind: 'skip' } })).failure).toMatchObject({ code: 'ssh-auth-refused', evidence: expect.stringContaining('passed over') })
    expect((await connect(server.address)).failure).toMatchObject({ code: 'prompt-dismissed' })
  })

  test('the agent opens what is locked, and IdentitiesOnly keeps its other keys out', async () => {
    const agent = await fixture.agent([plain])
    use('IdentityFile none')
    expect(await connect(server.address, {}, withAgent(agent))).toEqual({ failure: null, asked: [] })
    use('IdentityFile none', 'IdentitiesOnly yes')
    expect((await connect(server.address, {}, withAgent(agent))).failure).toMatchObject({ code: 'ssh-auth-refused' })
    // A public half alone is enough to name a key of the agent.
    copyFileSync(`${plain}.pub`, `${fixture.folder}/only.pub`)
    use(`IdentityFile ${fixture.folder}/only.pub`, 'IdentitiesOnly yes')
    expect((await connect(server.address, {}, withAgent(agent))).failure).toBeNull()
    use('IdentityFile none', 'IdentityAgent none')
    expect((await connect(server.address, {}, withAgent(agent))).failure).toMatchObject({ code: 'ssh-auth-refused' })
    use('IdentityFile none', `IdentityAgent ${agent}`)
    expect((await connect(server.address)).failure).toBeNull()
  })

  test('an agent with an RSA key signs with SHA-2', async () => {
    use('IdentityFile none')
    expect((await connect(server.address, {}, withAgent(await fixture.agent([rsa])))).failure).toBeNull()
  })

  test('a refusal tells everything that was tried, and what the server takes', async () => {
    chmodSync(stranger, 0o600)
    fixture.write('garbage', 'no key')
    use(`IdentityFile ${stranger}`, `IdentityFile ${fixture.folder}/garbage`, `IdentityFile ${fixture.folder}/absent`)
    const { failure } = await connect(server.address, {}, withAgent(`${fixture.folder}/no-agent`))
    const { evidence } = failure as { evidence: string }
    expect(failure).toMatchObject({ code: 'ssh-auth-refused', message: `127.0.0.1 did not let ${fixture.user} log in.` })
    for (const part of [`key ${stranger}`, 'garbage: not a key', 'no-agent', 'the server accepts publickey']) expect(evidence).toContain(part)
    expect(evidence).not.toContain('absent')
  })

  test('an agent with too many keys is named as the reason', async () => {
    const keys = Array.from({ length: 7 }, (_, n) => fixture.key(`surplus-${n}`))
    use('IdentityFile none')
    const { failure } = await connect(server.address, {}, withAgent(await fixture.agent(keys)))
    expect(failure).toMatchObject({ code: 'ssh-auth-refused', next: expect.stringContaining('IdentitiesOnly') })
  })
})

describe('passwords, with a server of ssh2', () => {
  const servers: ssh2.Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })
  async function serve(authenticate: (context: AuthContext, connection: Connection) => void): Promise<Extract<HostAddress, { scheme: 'ssh' }>> {
    const server = new ssh2.Server({ hostKeys: [readFileSync(hostKey)] }, (connection) => {
      connection.on('error', () => {})
      connection.on('authentication', (context) => authenticate(context, connection))
    }).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    fixture.config('Host *\n IdentityFile none\n')
    return parseAddress(`ssh://joe@127.0.0.1:${(server.address() as AddressInfo).port}`) as Extract<HostAddress, { scheme: 'ssh' }>
  }
  const byPassword = (right: string) => (context: AuthContext) => {
    if (context.method === 'password' && context.password === right) context.accept()
    else context.reject(['password'])
  }

  test('is asked for up to three times', async () => {
    const address = await serve(byPassword('right'))
    const { failure, asked } = await connect(address, { password: [secret('a'), secret('b'), secret('right')] })
    expect(failure).toBeNull()
    expect(asked).toMatchObject([1, 2, 3].map((attempt) => ({ kind: 'password', user: 'joe', host: '127.0.0.1', attempt })))
    const never = await connect(address, { password: secret('hunter2') })
    expect(never.asked).toHaveLength(3)
    expect(never.failure).toMatchObject({ code: 'ssh-auth-refused', evidence: 'tried password, password, password; the server accepts password' })
    expect((await connect(address)).failure).toMatchObject({ code: 'prompt-dismissed' })
    expect((await connect(address, { password: { kind: 'skip' } })).failure).toMatchObject({ code: 'ssh-auth-refused' })
  })

  test('is remembered when right, kept ones are used, and wrong ones forgotten', async () => {
    const address = await serve(byPassword('right'))
    const key = `ssh-password:joe@127.0.0.1:${address.port}`
    const first = remembering()
    await connect(address, { password: [secret('bad', true), secret('right', true)] }, { secrets: first.secrets })
    await expect.poll(() => first.calls).toEqual([`remember ${key} right`])
    const kept = remembering({ [key]: 'right' })
    expect((await connect(address, {}, { secrets: kept.secrets })).asked).toEqual([])
    const stale = remembering({ [key]: 'stale' })
    expect((await connect(address, { password: secret('right') }, { secrets: stale.secrets })).asked).toMatchObject([{ attempt: 1 }])
    expect(stale.calls).toEqual([`forget ${key}`])
  })

  test('keyboard-interactive: one hidden password is a password, anything else is put as it comes', async () => {
    const address = await serve((context) => {
      if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive'])
      context.prompt([{ prompt: 'Password: ', echo: false }], (passwords) => {
        if (passwords[0] !== 'right') return context.reject(['keyboard-interactive'])
        context.prompt(
          [
            { prompt: 'Your town', echo: true },
            { prompt: 'Code', echo: false },
          ],
          'Second step',
          'Look at your phone',
          (answers) => (answers.join() === 'Ulm,123' ? context.accept() : context.reject(['keyboard-interactive'])),
        )
      })
    })
    const { failure, asked } = await connect(address, { password: [secret('wrong'), secret('right')], 'keyboard-interactive': { kind: 'texts', values: ['Ulm', '123'] } })
    expect(failure).toBeNull()
    expect(asked).toMatchObject([
      { kind: 'password', prompt: 'Password: ' },
      { kind: 'password', attempt: 2 },
      { kind: 'keyboard-interactive', name: 'Second step', instructions: 'Look at your phone', prompts: [{ text: 'Your town', echo: true }, { text: 'Code', echo: false }] },
    ])
  })

  test('a server may want a key and then a password', async () => {
    const key = fixture.key('first-factor')
    let hasKey = false
    const address = await serve((context) => {
      if (context.method === 'publickey') {
        if (!context.signature) return context.accept()
        hasKey = true
        context.reject(['password'], true)
      } else if (context.method === 'password' && hasKey && context.password === 'second') context.accept()
      else context.reject(hasKey ? ['password'] : ['publickey'])
    })
    fixture.config(`Host *\n IdentityFile ${key}\n`)
    expect((await connect(address, { password: secret('second') })).failure).toBeNull()
  })

  test('a server that is never content is not followed for ever', async () => {
    const address = await serve((context) => {
      context.reject(['password'], context.method === 'password')
    })
    const { failure, asked } = await connect(address, { password: secret('x') })
    expect(failure).toMatchObject({ code: 'ssh-auth-refused' })
    expect(asked).toHaveLength(8)
  })

  test('an expired password is said to be expired', async () => {
    const address = await serve((context) => {
      if (context.method === 'password') context.requestChange('too old', () => {})
      else context.reject(['password'])
    })
    expect((await connect(address, { password: secret('old') })).failure).toMatchObject({ code: 'ssh-auth-refused', message: expect.stringContaining('expired') })
  })

  test('the clock stands still while a person thinks, and a cancelled attempt takes its question down', async () => {
    const address = await serve(byPassword('right'))
    let asked: AbortSignal | undefined
    const slow = async (_: SshQuestion, signal: AbortSignal): Promise<SshAnswer> => {
      asked = signal
      await new Promise((resolve) => setTimeout(resolve, 700))
      return secret('right')
    }
    expect((await connect(address, {}, { ask: slow, connectDeadlineMs: 500 })).failure).toBeNull()
    const stop = new AbortController()
    const never = (_: SshQuestion, signal: AbortSignal) => {
      asked = signal
      queueMicrotask(() => stop.abort(new Error('changed my mind')))
      return new Promise<SshAnswer>(() => {})
    }
    expect((await connect(address, {}, { ask: never, signal: stop.signal })).failure).toMatchObject({ message: 'changed my mind' })
    expect(asked?.aborted).toBe(true)
  })
})
