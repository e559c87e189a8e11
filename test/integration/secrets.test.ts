import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MoveOptions } from '../../src-main/contract/migration.ts'
import { LabGuest } from '../lab/guest.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { MoveRig } from './move-rig.ts'
import { vncAccepts } from './vnc-password.ts'

let lab: Lab
let rig: MoveRig
let hosts: readonly [LabHost, LabHost]
let logs: string

const open = (profile?: string) =>
  MoveRig.open({
    sshConfig: lab.ssh.configFile,
    hosts: [
      { name: 'one', address: hosts[0].sshAddress },
      { name: 'two', address: hosts[1].sshAddress },
    ],
    logFile: join(logs, 'drover.log'),
    ...(profile === undefined ? {} : { profile }),
  })

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{}, {}] })
  hosts = [lab.host(0), lab.host(1)]
  logs = mkdtempSync(join(tmpdir(), 'drover-logs-'))
  rig = await open()
})

afterAll(async () => {
  await rig?.remove()
  await lab?.down()
  if (logs) rmSync(logs, { recursive: true, force: true })
})

/** Every file below the folder that has the text anywhere in its bytes, as UTF-8, UTF-16 or base64 would write it; and how many were read. */
function filesWith(folder: string, secret: string): { found: string[]; read: number } {
  const needles = [Buffer.from(secret), Buffer.from(secret, 'utf16le'), ...[0, 1, 2].map((shift) => Buffer.from(base64Core(secret, shift)))]
  const found: string[] = []
  let read = 0
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, entry)
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) continue
    read += 1
    const bytes = readFileSync(path)
    if (needles.some((needle) => bytes.includes(needle))) found.push(entry)
  }
  return { found, read }
}

/** What base64 makes of the text whatever stands before and after it: the digits that depend on it alone. */
function base64Core(secret: string, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]).toString('base64').replace(/=+$/, '')
  return text.slice(shift === 0 ? 0 : shift + 1, text.length - 1)
}

test('the search finds a secret however it is written', () => {
  const secret = 'Xy7_pass'
  for (const before of ['', 'a', 'ab']) expect(Buffer.from(`${before}${secret}zz`).toString('base64')).toContain(base64Core(secret, before.length))
})

test.each<Partial<MoveOptions>>([{ driver: 'agent' }, { driver: 'app' }, { driver: 'agent', eject: ['sda'] }])(
  'a VNC password goes over, works at the destination, and is kept nowhere by Drover: %o',
  async (options) => {
    // VNC knows eight characters.
    const password = `q${randomBytes(6).toString('base64url').slice(0, 7)}`
    const name = `vnc-${options.driver}-${options.eject?.length ?? 0}`
    const guest = new LabGuest(lab, { name, vnc: { password, listen: '0.0.0.0' }, ...(options.eject ? { cdrom: null } : {}) })
    const [one, two] = hosts
    await guest.start(one)
    try {
      const plan = await rig.plan(uuidOf(name), 'one', 'two', { technique: 'precopy', ...options })
      await rig.migration.preflight([plan], AbortSignal.timeout(60_000))
      const job = await rig.ended(await rig.start(plan))
      expect(job.state, await rig.log(job.id)).toMatchObject({ state: 'succeeded' })
      expect(job.driver).toBe(options.driver)

      // There with it, in the running VM as in its definition; and nobody who does not know it gets in.
      for (const which of [[], ['--inactive']]) expect(await two.virsh(['dumpxml', '--security-info', ...which, name])).toContain(`passwd='${password}'`)
      expect(await vncAccepts(two, name, password)).toBe(true)
      expect(await vncAccepts(two, name, 'wrong')).toBe(false)

      // libvirt's own definition has it, of course, which shows that the search finds what is there.
      expect(filesWith(join(two.folder, 'etc-libvirt'), password).found.some((path) => path.endsWith(`${name}.xml`))).toBe(true)
      // The profile while it is in use, its write-ahead log included; then as a closed program leaves it.
      expect(filesWith(rig.profile, password)).toEqual({ found: [], read: expect.any(Number) })
      for (const host of hosts) {
        const folder = join(host.onMachine('/root'), '.cache/drover')
        expect(existsSync(folder)).toBe(true)
        expect(filesWith(folder, password).found).toEqual([])
      }
    } finally {
      await guest.remove(one, two)
    }
    const { profile } = rig
    await rig.close()
    const [closed, logged] = [filesWith(profile, password), filesWith(logs, password)]
    rig = await open(profile)
    expect(closed).toEqual({ found: [], read: expect.any(Number) })
    expect(closed.read).toBeGreaterThan(0)
    expect(logged).toEqual({ found: [], read: 1 })
  },
)
