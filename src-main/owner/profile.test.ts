import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { streamWire } from './stream-wire.ts'

// Real processes on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let folder: string
let children: Participant[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-owner-'))
  children = []
})
afterEach(async () => {
  await Promise.all(children.map((child) => child.kill('SIGKILL')))
  rmSync(folder, { recursive: true, force: true })
})

type Said = Record<string, unknown>

/** A real process that takes part in the profile. */
class Participant {
  readonly child: ChildProcess
  readonly said: Said[] = []
  #heard = () => {}

  constructor(version = '1.0.0', profile = join(folder, 'profile')) {
    this.child = spawn(process.execPath, [join(import.meta.dirname, 'test-participant.ts'), profile, version], { stdio: ['pipe', 'pipe', 'inherit'] })
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.said.push(JSON.parse(line) as Said)
      this.#heard()
    })
    children.push(this)
  }

  /** The first thing it says, or said from `from` on, that matches. */
  async says(expected: Said, from = 0): Promise<Said> {
    for (;;) {
      const found = this.said.slice(from).find((said) => Object.entries(expected).every(([key, value]) => (value instanceof RegExp ? value.test(String(said[key])) : said[key] === value)))
      if (found) return found
      await new Promise<void>((resolve) => (this.#heard = resolve))
    }
  }

  ask(text: string): void {
    this.child.stdin!.write(`ask ${text}\n`)
  }

  kill(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => {
      this.child.once('exit', () => resolve())
      this.child.kill(signal)
    })
  }
}

test('the first is the owner, the others are its clients and are served by it', async () => {
  const owner = new Participant()
  await owner.says({ role: 'owner' })
  const client = new Participant()
  await client.says({ role: 'client' })
  client.ask('hello')
  expect(await client.says({ answer: /hello/ })).toEqual({ answer: `${owner.child.pid} heard hello from browser` })
  owner.ask('me too')
  expect(await owner.says({ answer: /me too/ })).toEqual({ answer: `${owner.child.pid} heard me too from browser` })
  expect(statSync(join(folder, 'profile')).mode & 0o777).toBe(0o700)
  for (const name of ['owner.sock', 'owner.key', 'owner.db']) expect(statSync(join(folder, 'profile', name)).mode & 0o077).toBe(0)
})

test('when the owner is killed, exactly one client takes over and serves the others', async () => {
  const owner = new Participant()
  await owner.says({ role: 'owner' })
  const heirs = [new Participant(), new Participant()]
  for (const heir of heirs) await heir.says({ role: 'client' })
  heirs[0]!.ask('before')
  await heirs[0]!.says({ answer: /before/ })
  const marks = heirs.map((heir) => heir.said.length)
  await owner.kill('SIGKILL')
  const first = await Promise.race(heirs.map(async (heir, i) => (await heir.says({ role: 'owner' }, marks[i]), i)))
  const other = heirs[1 - first]!
  await other.says({ role: 'client' }, marks[1 - first])
  // The wire of before is gone, and says so; a new one reaches the new owner.
  await heirs[0]!.says({ closed: 'before' })
  other.ask('after')
  expect(await other.says({ answer: /after/ })).toEqual({ answer: `${heirs[first]!.child.pid} heard after from browser` })
})

test('an owner that closes lets the next one in only when it is done', async () => {
  const owner = new Participant()
  await owner.says({ role: 'owner' })
  const client = new Participant()
  await client.says({ role: 'client' })
  owner.child.stdin!.write('close\n')
  await owner.says({ role: 'closed' })
  await client.says({ role: 'owner' })
})

test('an owner that stands still is named, and is not robbed', async () => {
  const owner = new Participant()
  await owner.says({ role: 'owner' })
  owner.child.kill('SIGSTOP')
  const late = new Participant()
  await late.says({ role: 'seeking', problem: 'owner-silent' })
  owner.child.kill('SIGCONT')
  await late.says({ role: 'client' })
})

test('another version of the program is refused with the reason', async () => {
  const owner = new Participant('1.0.0')
  await owner.says({ role: 'owner' })
  const other = new Participant('2.0.0')
  await other.says({ role: 'seeking', problem: 'owner-other-version' })
})

test('a stranger without the key is refused, garbage is dropped, and the owner goes on', async () => {
  const owner = new Participant()
  await owner.says({ role: 'owner' })
  const path = join(folder, 'profile', 'owner.sock')
  const hello = { drover: 1, key: 'f'.repeat(64), version: '1.0.0', want: 'call', shell: 'browser' }
  const stranger = streamWire(connect(path))
  const refused = new Promise<string>((resolve) => stranger.onDidReceive((message) => resolve(String(message))))
  stranger.send(JSON.stringify(hello))
  expect(JSON.parse(await refused)).toMatchObject({ kind: 'refused', problem: { code: 'owner-refused' } })
  const garbage = connect(path)
  const closed = new Promise<void>((resolve) => garbage.once('close', () => resolve()))
  garbage.on('error', () => {})
  garbage.write(Buffer.alloc(64, 0xff))
  await closed
  owner.ask('still there')
  await owner.says({ answer: /still there/ })
})

test('a socket file of a dead owner, and a file in its place, are replaced', async () => {
  const first = new Participant()
  await first.says({ role: 'owner' })
  await first.kill('SIGKILL')
  rmSync(join(folder, 'profile', 'owner.sock'))
  writeFileSync(join(folder, 'profile', 'owner.sock'), 'not a socket')
  const second = new Participant()
  await second.says({ role: 'owner' })
  const client = new Participant()
  await client.says({ role: 'client' })
})

test('a profile folder with a long path works as well', async () => {
  const profile = join(folder, 'a'.repeat(60), 'b'.repeat(60))
  const owner = new Participant('1.0.0', profile)
  await owner.says({ role: 'owner' })
  const client = new Participant('1.0.0', profile)
  await client.says({ role: 'client' })
  client.ask('hello')
  await client.says({ answer: /hello/ })
})
