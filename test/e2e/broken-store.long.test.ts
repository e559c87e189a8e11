import { execFile } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LabGuest } from '../lab/guest.ts'
import { Lab } from '../lab/lab.ts'
import { startCommand } from './command-process.ts'
import { makeHome } from './lab-journey.ts'

// The file with hosts and history on a disk that is full, and damaged: it is said, nothing moves blindly, no VM is lost.

const run = promisify(execFile)
const why = process.getuid?.() === 0 ? null : 'a small disk can only be made by root'

describe.skipIf(why !== null)(`a broken store${why ? ` (${why})` : ''}`, () => {
  let lab: Lab
  let guest: LabGuest
  let home: ReturnType<typeof makeHome>
  const [a, b] = [() => lab.host(0), () => lab.host(1)] as const

  beforeAll(async () => {
    lab = await Lab.up({ hosts: [{ hasNode: true }, { hasNode: true }] })
    guest = new LabGuest(lab, { name: 'ticker', patternMiB: 24 })
    await guest.start(a())
    home = makeHome(lab)
    mkdirSync(home.profile, { mode: 0o700 })
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', home.profile])
    const keys = await Promise.all(lab.hosts.map(({ address }) => run('ssh-keyscan', ['-t', 'ed25519', address])))
    writeFileSync(join(home.home, '.ssh/known_hosts'), keys.map(({ stdout }) => stdout).join(''))
    for (const { name } of lab.hosts) expect(await drover('hosts', 'add', name)).toMatchObject({ code: 0 })
  }, 240_000)
  afterAll(async () => {
    if (home) await run('umount', ['-l', home.profile]).catch(() => {})
    home?.remove()
    await lab?.down()
  })

  const drover = async (...words: string[]) => startCommand(['--profile', home.profile, ...words], { HOME: home.home }).said

  /** Takes all the room that is left, to the last block. */
  function fillDisk(): string {
    const file = join(home.profile, 'ballast')
    const opened = openSync(file, 'w')
    try {
      for (const size of [65_536, 4096]) {
        try {
          for (;;) writeSync(opened, Buffer.alloc(size))
        } catch (thrown) {
          expect((thrown as NodeJS.ErrnoException).code).toBe('ENOSPC')
        }
      }
    } finally {
      closeSync(opened)
    }
    return file
  }

  test('full disk: the move does not begin, the reason is said, and the VM runs on; with room again it moves', async () => {
    const ballast = fillDisk()
    const refused = await drover('move', 'ticker', b().name, '--yes')
    expect(`${refused.out}${refused.err}`).toContain('is full')
    expect(refused.code).not.toBe(0)
    expect(await guest.isRunning(a())).toBe(true)
    await expect(b().virsh(['domstate', 'ticker'])).rejects.toThrow()
    rmSync(ballast)
    expect(await drover('move', 'ticker', b().name, '--yes')).toMatchObject({ code: 0 })
    expect(await guest.verify(b())).toMatchObject({ bad: 0, badEver: 0 })
  })

  test('damaged file: it is said and left as it is, and the VM is where it was', async () => {
    const file = join(home.profile, 'drover.db')
    const size = statSync(file).size
    const opened = openSync(file, 'r+')
    writeSync(opened, Buffer.alloc(Math.min(size, 8192), 0x5a), 0, Math.min(size, 8192), 0)
    closeSync(opened)
    const damaged = readFileSync(file)
    const { code, out, err } = await drover('--json', 'hosts')
    expect(err).toContain('is damaged')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual([])
    expect(await drover('move', 'ticker', a().name, '--yes')).toMatchObject({ code: 4 })
    expect(readFileSync(file)).toEqual(damaged)
    expect(await guest.isRunning(b())).toBe(true)
    expect(await guest.verify(b())).toMatchObject({ bad: 0, badEver: 0 })
  })
})
