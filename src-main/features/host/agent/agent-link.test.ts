import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'rolldown'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { Failure } from '../../../base/failure.ts'
import { makeMoveIdentities } from '../../../agent/tunnel/move-identities.ts'
import { LocalTransport } from '../../../transport/local.ts'
import type { ExecResult, Transport } from '../../../transport/transport.ts'
import { loadAgentBundle, type AgentBundle } from './agent-bundle.ts'
import { AgentLink } from './agent-link.ts'
import type { AgentProgress } from './agent-upload.ts'

/** On a machine that may be busy. */
const soon = <T>(probe: () => T) => expect.poll(probe, { timeout: 20_000 })

// Node is started many times over, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** A zombie is gone: reaping it is the business of process 1. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

// The real agent, brought to this very machine under a home folder of its own.
let built: string
let home: string
let bundle: AgentBundle
let links: AgentLink[]
const realHome = process.env['HOME']

beforeAll(async () => {
  built = mkdtempSync(join(tmpdir(), 'drover-bundle-'))
  await build({ input: 'src-main/agent/main.ts', platform: 'node', output: { file: join(built, 'agent.mjs'), format: 'esm', codeSplitting: false }, logLevel: 'silent' })
})

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'drover-home-'))
  process.env['HOME'] = home
  links = []
  bundle = await loadAgentBundle(join(built, 'agent.mjs'), () => null)
})

afterEach(async () => {
  for (const link of links) {
    await link.removeFiles().catch(() => {})
    link.dispose()
  }
  rmSync(home, { recursive: true, force: true })
})

afterAll(() => {
  if (realHome === undefined) delete process.env['HOME']
  else process.env['HOME'] = realHome
  rmSync(built, { recursive: true })
})

/** This machine, where some answers are bent: hosts without Node or room cannot be had here. */
class BentTransport extends LocalTransport {
  readonly bend: (argv: readonly string[], result: ExecResult) => ExecResult
  uploads = 0

  constructor(bend: (argv: readonly string[], result: ExecResult) => ExecResult) {
    super()
    this.bend = bend
  }

  override async exec(argv: readonly string[], options?: Parameters<Transport['exec']>[1]): Promise<ExecResult> {
    return this.bend(argv, await super.exec(argv, options))
  }

  override async upload(...args: Parameters<Transport['upload']>): Promise<void> {
    this.uploads += 1
    return super.upload(...args)
  }
}

// The host's Node is what runs this test.
const withNode = (_: readonly string[], result: ExecResult): ExecResult => ({ ...result, stdout: result.stdout.replace(/^node=.*\n/m, '').replace('home=', `node=${process.version}\nhome=`) })

function makeLink(transport: LocalTransport = new BentTransport(withNode)): { link: AgentLink; transport: LocalTransport } {
  const link = new AgentLink({
    host: 'here',
    sessions: { session: () => ({ transport }), whenOnline: () => Promise.resolve({ transport, ended: new AbortController().signal }) },
    bundle: () => Promise.resolve(bundle),
    timing: { retryMs: 20 },
  })
  links.push(link)
  return { link, transport }
}

test('an agent is brought once per version, verified, started, and leaves nothing when it is removed', async () => {
  const transport = new BentTransport(withNode)
  const { link } = makeLink(transport)
  expect(await link.state()).toBe('absent')
  const steps: AgentProgress['step'][] = []
  link.onDidProgress(({ step }) => steps.push(step))
  const hello = await link.ready()
  expect(hello).toMatchObject({ version: bundle.version, uid: process.getuid?.() })
  expect([...new Set(steps)]).toEqual(['probing', 'uploading-agent', 'starting'])
  const path = join(home, '.cache/drover', `agent-${bundle.version}.mjs`)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(home, '.cache/drover')).mode & 0o777).toBe(0o700)
  expect(await link.state()).toBe('running')
  expect(await link.list()).toEqual([])
  // A second desktop finds all in place, and the same agent.
  const second = makeLink(transport)
  expect((await second.link.ready()).pid).toBe(hello.pid)
  expect(transport.uploads).toBe(1)
  await second.link.removeFiles()
  expect(existsSync(join(home, '.cache/drover'))).toBe(false)
  await soon(() => isAlive(hello.pid)).toBe(false)
})

test('a damaged upload is brought anew', async () => {
  const { link } = makeLink()
  await link.ready()
  await link.removeFiles()
  const first = makeLink()
  await first.link.ready()
  first.link.dispose()
  writeFileSync(join(home, '.cache/drover', `agent-${bundle.version}.mjs`), 'console.log(1)')
  const again = new BentTransport(withNode)
  await makeLink(again).link.ready()
  expect(again.uploads).toBe(1)
})

test('an older agent without work makes room for a younger one', async () => {
  const old = bundle
  const { link } = makeLink()
  const before = await link.ready()
  const content = Buffer.concat([old.content, Buffer.from('\n// younger\n')])
  const sha256 = createHash('sha256').update(content).digest('hex')
  bundle = { ...old, content, sha256, version: sha256.slice(0, 16) }
  const { link: younger } = makeLink()
  const after = await younger.ready()
  expect(after.version).toBe(bundle.version)
  expect(after.pid).not.toBe(before.pid)
})

test('files are not removed while a tunnel is open; closing it frees its port and lets the agent go', async () => {
  const { link } = makeLink()
  const hello = await link.ready()
  const identities = makeMoveIdentities('job-00000001')
  const tunnel = { job: 'job-00000001', address: '127.0.0.1', ports: [0, 0] as const, identity: identities.destination, peerFingerprints: [identities.sourceFingerprint], carries: 'all' as const }
  const opened = await link.openTunnel(tunnel).catch((thrown: unknown) => thrown)
  if (opened instanceof Failure) {
    // No libvirt on this machine: then that is what it must say.
    expect(opened.code).toBe('agent-no-libvirt')
    return
  }
  await expect(link.removeFiles()).rejects.toMatchObject({ code: 'agent-busy' })
  await link.closeTunnel('job-00000001')
  expect((await link.status()).tunnels).toEqual([])
  await link.removeFiles()
  await soon(() => isAlive(hello.pid)).toBe(false)
})

test('a job that the agent does not know ends as lost, so that both hosts are asked', async () => {
  const { link } = makeLink()
  expect(await link.attach('job-00000009', 0).ended).toMatchObject({ kind: 'lost', failure: { code: 'agent-lost' } })
})

test('a channel that breaks is made anew for as long as a move is watched', async () => {
  const { link } = makeLink()
  const { pid } = await link.ready()
  // Not known, but asked for only after the channel is back.
  process.kill(pid, 'SIGKILL')
  expect(await link.attach('job-00000009', 0).ended).toMatchObject({ kind: 'lost' })
  expect((await link.ready()).pid).not.toBe(pid)
})

test.each<[string, string, (argv: readonly string[], result: ExecResult) => ExecResult]>([
  ['agent-arch', 'an architecture that Drover has no Node for', (_, result) => ({ ...result, stdout: result.stdout.replace(/^machine=.*$/m, 'machine=riscv64').replace(/^node=.*\n/m, '') })],
  ['agent-node', 'a Node too old and none to bring', (_, result) => ({ ...result, stdout: result.stdout.replace(/^node=.*\n/m, '').replace('home=', 'node=v18.1.0\nhome=') })],
  ['agent-no-space', 'a full disk', (_, result) => ({ ...result, stdout: result.stdout.replace(/^free=.*$/m, 'free=12') })],
  ['agent-probe', 'an account that runs no commands', () => ({ code: 1, signal: null, stdout: '', stderr: 'This account is currently not available.' })],
])('%s: %s', async (code, _, bend) => {
  const { link } = makeLink(new BentTransport(bend))
  await expect(link.ready()).rejects.toMatchObject({ code })
  expect(existsSync(join(home, '.cache/drover')) ? readdirSync(join(home, '.cache/drover')).filter((name) => name.startsWith('node')) : []).toEqual([])
})

test('a home that runs no programs is named as such when a Node would have to be brought', async () => {
  const node = join(built, 'node')
  writeFileSync(node, 'not to be run')
  bundle = await loadAgentBundle(join(built, 'agent.mjs'), () => node)
  const { link } = makeLink(new BentTransport((_, result) => ({ ...result, stdout: result.stdout.replace(/^exec=yes\n/m, '').replace(/^node=.*\n/m, '') })))
  await expect(link.ready()).rejects.toMatchObject({ code: 'agent-noexec' })
})

test('a Node that is brought arrives whole, and one that does not run there is not kept for good', async () => {
  const node = join(built, 'node')
  writeFileSync(node, '#!/bin/sh\nexit 7\n')
  bundle = await loadAgentBundle(join(built, 'agent.mjs'), () => node)
  const { link } = makeLink(new BentTransport((_, result) => ({ ...result, stdout: result.stdout.replace(/^node=.*\n/m, '') })))
  await expect(link.ready()).rejects.toMatchObject({ code: 'agent-node', evidence: 'exit 7' })
  const kept = readdirSync(join(home, '.cache/drover')).filter((name) => name.endsWith('.gz') || name.endsWith('.new'))
  expect(kept).toEqual([])
})

test('two who follow one job both hear its end', async () => {
  const { link } = makeLink()
  const both = [link.attach('job-00000009', 0), link.attach('job-00000009', 7)]
  expect(await Promise.all(both.map(({ ended }) => ended))).toMatchObject([{ kind: 'lost' }, { kind: 'lost' }])
})
