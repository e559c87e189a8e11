import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from './command.ts'
import { Lab } from './lab.ts'
import { processesOf, tracesOf } from './traces.ts'
import { until } from './waiting.ts'

describe('the hosts of a lab', () => {
  let lab: Lab

  beforeAll(async () => {
    const started = performance.now()
    lab = await Lab.up({ hosts: [{}, { hasUser: true }, { generation: 13, hasNode: true }], report: console.log })
    console.log(`Three hosts up in ${((performance.now() - started) / 1000).toFixed(1)} s (first use builds and compiles).`)
  }, 600_000)

  afterAll(async () => lab?.down())

  const ssh = (host: number, ...words: string[]) => run(['ssh', '-F', lab.ssh.configFile, lab.host(host).name, ...words], { deadlineMs: 20_000 })
  const sshWorks = (host: number) => ssh(host, 'true').then(
    () => true,
    () => false,
  )

  it('are reached by SSH at their addresses, under their names, with their own keys', async () => {
    for (const host of lab.hosts) expect((await ssh(host.number - 1, 'hostname')).trim()).toBe(host.name)
    expect((await ssh(0, 'getent', 'hosts', lab.host(2).name)).trim()).toContain(lab.host(2).address)
  })

  it('run the libvirt and QEMU of their generation, under UUIDs of their own', async () => {
    const old = await lab.host(0).virsh(['version'])
    const young = await lab.host(2).virsh(['version'])
    expect(old).toMatch(/QEMU 7\.2/)
    expect(young).toMatch(/QEMU 10\.0/)
    const uuids = await Promise.all(lab.hosts.map(async (host) => /<uuid>(.*?)<\/uuid>/.exec(await host.virsh(['capabilities']))?.[1]))
    expect(uuids).toEqual(lab.hosts.map(({ record }) => record.uuid))
  })

  it('can be had with a non-root user in group libvirt, who may manage VMs', async () => {
    expect((await ssh(1, 'id', '-un')).trim()).toBe('tester')
    expect(await ssh(1, 'id', '-Gn')).toContain('libvirt')
    expect(await ssh(1, 'virsh', '-c', 'qemu:///system', 'net-list')).toContain('lab')
    expect(lab.host(1).sshAddress).toBe(`ssh://tester@${lab.host(1).address}`)
  })

  it('hide Node, unless asked to leave it', async () => {
    expect((await lab.host(0).attempt(['sh', '-c', 'command -v node nodejs'])).stdout).toBe('')
    expect((await lab.host(1).attempt(['sh', '-c', 'command -v node nodejs'])).stdout).toBe('')
  })

  it('reach each other as root, and share a folder of images', async () => {
    expect(await lab.host(0).virsh(['-c', `qemu+ssh://${lab.host(2).name}/system`, 'hostname'])).toContain(lab.host(2).name)
    await lab.host(0).run(['sh', '-c', 'echo shared >/var/lib/libvirt/images/shared/note'])
    await lab.host(0).run(['sh', '-c', 'echo local >/var/lib/libvirt/images/note'])
    expect(await lab.host(2).run(['cat', '/var/lib/libvirt/images/shared/note'])).toBe('shared\n')
    expect((await lab.host(2).attempt(['cat', '/var/lib/libvirt/images/note'])).code).not.toBe(0)
    expect(await lab.host(2).virsh(['pool-list', '--name'])).toMatch(/images[\s\S]*shared/)
  })

  it('reap orphans at once', async () => {
    const host = lab.host(0)
    await host.run(['sh', '-c', '(sleep 0.01 &) ; (true &)'])
    await until('reaping', async () => (await host.count()).zombies === 0, { deadlineMs: 5000 })
    await until('the end of the orphan', async () => !('sleep' in (await host.count()).byName), { deadlineMs: 5000 })
    expect((await host.count()).listeners).toContain(22)
  })

  it('have cables that can be slowed, cut and mended', async () => {
    const host = lab.host(0)
    await host.shapeLink({ delay: '60ms', rate: '50mbit' })
    expect(await connectionMs(host.address)).toBeGreaterThan(110)
    await host.shapeLink({ rate: '20mbit' })
    // Two megabytes are 0.8 s of such a cable.
    const started = performance.now()
    await run(['ssh', '-F', lab.ssh.configFile, host.name, 'cat >/dev/null'], { stdin: 'x'.repeat(2 << 20) })
    expect(performance.now() - started).toBeGreaterThan(700)
    await host.shapeLink({ delay: '1ms', loss: 100 })
    await expect(connectionMs(host.address, 1000)).rejects.toThrow()
    await host.shapeLink({})
    await host.cutLink()
    await expect(connectionMs(host.address, 1000)).rejects.toThrow()
    await host.restoreLink()
    await connectionMs(host.address)
  })

  it('outlive their libvirtd, and a power cut with what they keep on disk', async () => {
    const host = lab.host(2)
    await host.killLibvirtd()
    expect((await host.attempt(['virsh', '-c', 'qemu:///system', 'list'])).code).not.toBe(0)
    await host.restartLibvirtd()
    await host.run(['sh', '-c', 'echo kept >/root/note'])
    await host.destroy()
    expect(host.isRunning).toBe(false)
    await lab.restartHost(2)
    expect(await host.run(['cat', '/root/note'])).toBe('kept\n')
    await until('SSH after the restart', () => sshWorks(2))
  })

  it('leave nothing behind when the lab goes down', async () => {
    const before = processesOf(lab.state)
    expect(before.length).toBeGreaterThan(12)
    await lab.down()
    expect(await tracesOf(lab.state, before)).toEqual([])
    await lab.down()
  })
})

/** Milliseconds until a TCP connection to sshd stood: one round trip. */
function connectionMs(address: string, deadlineMs = 5000): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const socket = connect({ host: address, port: 22 })
    const end = (settle: () => void) => {
      clearTimeout(timer)
      socket.destroy()
      settle()
    }
    const timer = setTimeout(() => end(() => reject(new Error('no connection'))), deadlineMs)
    socket.once('connect', () => end(() => resolve(performance.now() - started)))
    socket.once('error', (error) => end(() => reject(error)))
  })
}
