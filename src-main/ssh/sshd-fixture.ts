import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { parseAddress, type HostAddress } from '../transport/address.ts'
import type { SshAnswer, SshQuestion } from './ask.ts'

/** For tests: a log that says nothing. */
export const quiet = pino({ level: 'silent' })

/** For tests: a port of the loopback interface that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** For tests: a folder with keys, a home for the client, and real sshds that are reached by them. */
export class SshFixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'drover-ssh-'))
  readonly home = join(this.folder, 'home')
  readonly user = userInfo().username
  readonly knownHosts = join(this.home, '.ssh/known_hosts')
  readonly #children: ChildProcess[] = []

  constructor() {
    mkdirSync(join(this.home, '.ssh'), { recursive: true, mode: 0o700 })
  }

  /** Makes a key pair and gives the path of its private half. */
  key(name: string, options: { type?: string; passphrase?: string; extra?: string[] } = {}): string {
    const path = join(this.folder, name)
    execFileSync('ssh-keygen', ['-q', '-t', options.type ?? 'ed25519', '-N', options.passphrase ?? '', '-C', name, '-f', path, ...(options.extra ?? [])])
    return path
  }

  publicKey(path: string): string {
    return readFileSync(`${path}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
  }

  write(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }

  /** Writes ~/.ssh/config of the client. */
  config(text: string): void {
    writeFileSync(join(this.home, '.ssh/config'), text)
  }

  /** What the client takes its configuration from: nothing of this machine's. */
  get sources() {
    return { home: this.home, files: [join(this.home, '.ssh/config')], environment: { PATH: process.env['PATH'], SHELL: '/bin/sh' } }
  }

  /** Starts sshd with a host key and the public keys that it lets in; `prefix` is put before it, such as unshare. */
  async sshd(options: {
    hostKeys: string[]
    authorized: string[]
    extra?: string
    hasSftp?: boolean
    prefix?: string[]
  }): Promise<{ port: number; process: ChildProcess; address: Extract<HostAddress, { scheme: 'ssh' }> }> {
    const port = await freePort()
    const authorized = this.write(`authorized-${port}`, options.authorized.map((path) => readFileSync(`${path}.pub`, 'utf8')).join(''))
    // Read by sshd with the rights of whoever logs in.
    chmodSync(authorized, 0o644)
    const config = this.write(
      `sshd-${port}`,
      [
        ...(options.extra ? [options.extra] : []),
        `Port ${port}`,
        'ListenAddress 127.0.0.1',
        ...options.hostKeys.map((path) => `HostKey ${path}`),
        `AuthorizedKeysFile ${authorized}`,
        'PidFile none',
        'StrictModes no',
        'UsePAM no',
        'PasswordAuthentication no',
        'KbdInteractiveAuthentication no',
        'PermitRootLogin yes',
        ...(options.hasSftp === false ? [] : ['Subsystem sftp internal-sftp']),
        '',
      ].join('\n'),
    )
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
    const [program = '', ...args] = [...(options.prefix ?? []), '/usr/sbin/sshd', '-D', '-e', '-f', config]
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#children.push(child)
    let text = ''
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => {
        text += chunk
        if (/Server listening/.test(text)) resolve()
      })
      child.once('exit', () => reject(new Error(`sshd ended: ${text}`)))
    })
    const address = parseAddress(`ssh://${this.user}@127.0.0.1:${port}`) as Extract<HostAddress, { scheme: 'ssh' }>
    return { port, process: child, address }
  }

  /** Starts an agent that holds some keys, and gives its socket. */
  async agent(keys: string[]): Promise<string> {
    const socket = join(this.folder, `agent-${this.#children.length}`)
    const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
    this.#children.push(child)
    await until(() => canConnect(socket))
    for (const key of keys) execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' })
    return socket
  }

  /** Trusts a host key for a port, as a known_hosts line. */
  known(port: number, hostKey: string): string {
    return `[127.0.0.1]:${port} ${this.publicKey(hostKey)}\n`
  }

  async dispose(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** For tests: waits for something that has no event. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let count = 0; count < 1000; count++) {
    if (await condition()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('waited in vain')
}

/** For tests: answers questions from a list by kind, and keeps what was asked. A question without an answer is dismissed. */
export function answering(answers: Partial<Record<SshQuestion['kind'], SshAnswer | SshAnswer[]>> = {}) {
  const asked: SshQuestion[] = []
  const ask = async (question: SshQuestion): Promise<SshAnswer> => {
    asked.push(question)
    const answer = answers[question.kind]
    return (Array.isArray(answer) ? answer.shift() : answer) ?? { kind: 'dismissed' }
  }
  return { ask, asked }
}
