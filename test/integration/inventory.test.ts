import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { VmView } from '../../src-main/contract/vm.ts'
import { noSecrets } from '../../src-main/base/secrets.ts'
import { Hosts } from '../../src-main/features/host/hosts.ts'
import { Inventory } from '../../src-main/features/vm/inventory.ts'
import { Vms } from '../../src-main/features/vm/vms.ts'
import { createTransports } from '../../src-main/transports.ts'
import { LabGuest } from '../lab/guest.ts'
import { Lab } from '../lab/lab.ts'

// Polls come once an hour here: what the inventory learns, it learns from events.

let lab: Lab
let hosts: Hosts
let vms: Vms
const inventory = new Inventory()
const a = () => lab.host(0)

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{}, {}] })
  const log = pino({ level: 'silent' })
  const transports = createTransports({ log, secrets: noSecrets, ssh: () => ({ files: [lab.ssh.configFile] }), allowed: { list: () => [], add: async () => {} } })
  hosts = new Hosts({ records: { list: async () => [], put: async () => {}, remove: async () => {} }, transports, claimNumber: () => inventory.claimNumber(), log })
  vms = new Vms({ hosts, inventory, log, pollMs: () => 3_600_000, jobOf: () => null })
  const added = await Promise.all(lab.hosts.map(({ name, sshAddress }) => hosts.add({ address: sshAddress, label: name, group: null, tags: [] })))
  await Promise.all(added.map(({ id }) => hosts.whenOnline(id, AbortSignal.timeout(60_000))))
}, 180_000)

afterAll(async () => {
  vms?.dispose()
  hosts?.dispose()
  await lab?.down()
})

const named = (name: string) => [...inventory.vms()].find((vm) => vm.name === name)

/** Resolves when the VM is as wanted; the inventory tells of each change. */
function when(name: string, isWanted: (vm: VmView) => boolean): Promise<VmView> {
  return new Promise((resolve) => {
    const look = () => {
      const vm = named(name)
      if (!vm || !isWanted(vm)) return
      subscription.dispose()
      resolve(vm)
    }
    const subscription = inventory.onDidChangeVm(() => queueMicrotask(look))
    queueMicrotask(look)
  })
}

test('what happens to a VM behind our back is seen by events alone', async () => {
  const guest = new LabGuest(lab, { name: 'seen', vnc: {} })
  await guest.define(a())
  expect(await when('seen', ({ state }) => state === 'off')).toMatchObject({ isPersistent: true, console: { hasSerial: true, hasVnc: true } })
  await a().virsh(['start', '--paused', 'seen'])
  await when('seen', ({ state }) => state === 'paused')
  await a().virsh(['resume', 'seen'])
  await when('seen', ({ state }) => state === 'running')
})

test('the commands do what they say, and refuse what makes no sense with the reason', async () => {
  const { ref } = await when('seen', ({ state }) => state === 'running')
  const signal = AbortSignal.timeout(60_000)
  await vms.command(ref, 'suspend', signal)
  await when('seen', ({ state }) => state === 'paused')
  await expect(vms.command(ref, 'start', signal)).rejects.toMatchObject({ code: 'vm-command-refused', message: 'seen is not off.' })
  await vms.command(ref, 'autostart-on', signal)
  await when('seen', ({ hasAutostart }) => hasAutostart)
  await vms.command(ref, 'force-off', signal)
  await when('seen', ({ state }) => state === 'off')
})

test('a daemon that dies takes nothing with it: the host is offline with the reason, comes back by itself, and blocks nobody else', async () => {
  const [first, second] = lab.hosts.map(({ name }) => hosts.list().find(({ label }) => label === name)!.id) as [string, string]
  const reasons: string[] = []
  const subscription = hosts.onDidChange(({ record, connection }) => record.id === first && connection.state === 'offline' && reasons.push(connection.problem.code))
  const lost = hosts.session(first)
  await a().killLibvirtd()
  await new Promise<void>((resolve) => (lost.ended.aborted ? resolve() : lost.ended.addEventListener('abort', () => resolve())))
  expect(named('seen')).toBeDefined()
  await expect(hosts.session(second).connection.call('connectGetHostname', undefined)).resolves.toMatchObject({ hostname: lab.host(1).name })
  await a().restartLibvirtd()
  await hosts.whenOnline(first, AbortSignal.timeout(60_000))
  subscription.dispose()
  expect(reasons[0]).toBe('connection-lost')
  expect(await when('seen', ({ state }) => state === 'off')).toBeDefined()
})
