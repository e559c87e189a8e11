import { execFile, spawn } from 'node:child_process'
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LabGuest } from '../lab/guest.ts'
import { Lab } from '../lab/lab.ts'
import { startCommand } from './command-process.ts'
import { root, startServe } from './drover-process.ts'
import { makeHome } from './lab-journey.ts'

// The command `drover` on real hosts: what it prints, what it answers to the shell, and what a Ctrl-C does.

const run = promisify(execFile)
let lab: Lab
let guest: LabGuest
let home: ReturnType<typeof makeHome>
const [a, b] = [() => lab.host(0), () => lab.host(1)] as const

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{ hasNode: true }, { hasNode: true }] })
  guest = new LabGuest(lab, { name: 'ticker', patternMiB: 24 })
  await guest.start(a())
  home = makeHome(lab)
}, 240_000)
afterAll(async () => {
  home?.remove()
  await lab?.down()
})

const begin = (...words: string[]) => startCommand(['--profile', home.profile, ...words], { HOME: home.home })
const drover = (...words: string[]) => begin(...words).said

test('without a terminal an unknown host key ends with code 6 and shows the fingerprint; on a terminal it is asked', async () => {
  const { code, err } = await drover('hosts', 'add', a().name)
  expect(code).toBe(6)
  expect(err).toContain('SHA256:')
  // script gives the command a terminal of its own.
  const child = spawn('script', ['-qec', `${process.execPath} ${join(root, 'out/cli/drover.mjs')} --profile ${home.profile} hosts`, '/dev/null'], { env: { ...process.env, HOME: home.home }, stdio: ['pipe', 'pipe', 'ignore'] })
  let shown = ''
  const asked = new Promise<void>((resolve) => child.stdout.on('data', (chunk) => /Is this really .*\[y\/N\]/s.test((shown += String(chunk))) && resolve()))
  await asked
  child.stdin.write('y\n')
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0)
  expect(shown).toContain('online')
})

test('hosts and VMs are listed for people and for programs', async () => {
  mkdirSync(join(home.home, '.ssh'), { recursive: true })
  const { stdout } = await run('ssh-keyscan', ['-t', 'ed25519', b().address])
  appendFileSync(join(home.home, '.ssh/known_hosts'), stdout)
  expect(await drover('hosts', 'add', b().name)).toMatchObject({ code: 0, out: `${b().name} is connected and has 0 VMs.\n` })
  const { out } = await drover('hosts')
  expect(out).toMatch(new RegExp(`^${a().name} +online +1 +1 `, 'm'))
  expect(JSON.parse((await drover('--json', 'vms')).out)).toEqual([expect.objectContaining({ name: 'ticker', host: a().name, state: 'running' })])
  expect(await drover('vms', '--host', 'nowhere')).toMatchObject({ code: 4, err: expect.stringContaining('No host is called nowhere.') as unknown })
})

test('a move is shown, asked for, and carried out', async () => {
  expect(await drover('move', 'ticker', b().name, '--dry-run')).toMatchObject({ code: 0, out: `ticker can move to ${b().name}.\n`, err: expect.stringContaining('converges') as unknown })
  expect(await drover('move', 'ticker', b().name)).toMatchObject({ code: 6, err: expect.stringContaining('--yes') as unknown })
  expect(await guest.isRunning(a())).toBe(true)
  const { code, out } = await drover('move', 'ticker', b().name, '--yes')
  expect(out).toMatch(new RegExp(`^Moved ticker from ${a().name} to ${b().name} in \\d+ s, standing still for \\d+ ms, .* sent\\.\\n$`))
  expect(code).toBe(0)
  expect(await guest.verify(b())).toMatchObject({ bad: 0, badEver: 0 })
  expect(await drover('move', 'ticker', b().name, '--yes')).toMatchObject({ code: 3 })
})

test('Ctrl-C cancels: the VM goes on where it was', async () => {
  await a().shapeLink({ rate: '10mbit' })
  const move = begin('move', 'ticker', a().name, '--yes')
  await move.hears(/copying memory/)
  move.child.kill('SIGINT')
  const { code, err } = await move.said
  expect(err).toContain('Cancelling')
  expect(code).toBe(130)
  expect(await guest.isRunning(b())).toBe(true)
  await a().shapeLink({})
})

test('while a window holds the profile the command is its client, and goes on by itself when the window is killed in mid-move', async () => {
  const serve = await startServe(['--profile', home.profile], { HOME: home.home })
  try {
    expect(JSON.parse((await drover('--json', 'vms')).out)).toEqual([expect.objectContaining({ name: 'ticker', host: b().name })])
    await a().shapeLink({ rate: '40mbit' })
    const move = begin('move', 'ticker', a().name, '--yes')
    await move.hears(/copying memory/)
    await serve.end('SIGKILL')
    const { code, out, err } = await move.said
    expect(out + err).toContain('Moved ticker')
    expect(code).toBe(0)
    expect(await guest.verify(a())).toMatchObject({ bad: 0, badEver: 0 })
  } finally {
    await a().shapeLink({})
    await serve.end('SIGKILL')
  }
})

test('a host is emptied by its plan, the history says so in every form, and its VMs come back', async () => {
  const plan = await drover('plan', 'evacuate', a().name)
  expect(plan).toMatchObject({ code: 0, out: expect.stringMatching(new RegExp(`^ticker +${b().name} +precopy `, 'm')) as unknown })
  expect(plan.out).toContain('1 of 1 VMs move')
  expect(await drover('evacuate', a().name)).toMatchObject({ code: 6 })
  const { code, out } = await drover('evacuate', a().name, '--yes', '--maintenance', '--reason', 'a dead fan')
  expect(out).toContain(`Evacuated: ${a().name} was asked and has no VM left.`)
  expect(code).toBe(0)
  expect(await guest.isRunning(b())).toBe(true)
  expect((await drover('hosts')).out).toMatch(new RegExp(`^${a().name} +maintenance `, 'm'))
  expect(await drover('history', '--search', 'dead fan')).toMatchObject({ code: 0, out: expect.stringMatching(/ticker .*evacuate, precopy .*a dead fan/) as unknown })
  expect((await drover('history', '--format', 'csv', '--limit', '1')).out.split('\r\n')[1]).toMatch(/,ticker,.*,evacuate,precopy,.*,a dead fan,/)
  expect(JSON.parse((await drover('history', '--format', 'json', '--limit', '1')).out)).toEqual([expect.objectContaining({ vmName: 'ticker', kind: 'evacuate' })])
  expect((await drover('history', '--format', 'md', '--limit', '1')).out).toMatch(/^\| time .*\n\| --- .*\n\| .*ticker/)
  const back = await drover('return', a().name, '--yes')
  expect(back.out).toMatch(/^1 VM moved\.$/m)
  expect(back.code).toBe(0)
  expect((await drover('hosts')).out).toMatch(new RegExp(`^${a().name} +online `, 'm'))
  expect(await guest.verify(a())).toMatchObject({ bad: 0, badEver: 0 })
})
