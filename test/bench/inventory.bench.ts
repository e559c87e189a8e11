import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { noSecrets } from '../../src-main/base/secrets.ts'
import { createLog } from '../../src-main/base/log.ts'
import { Hosts } from '../../src-main/features/host/hosts.ts'
import { Inventory } from '../../src-main/features/vm/inventory.ts'
import { readDomains } from '../../src-main/features/vm/poll.ts'
import { Vms } from '../../src-main/features/vm/vms.ts'
import { createTransports } from '../../src-main/transports.ts'
import { Lab } from '../lab/lab.ts'
import { PythonClient } from './python-client.ts'
import type { Bench } from './run.ts'
import { median, medianInterval, rounded } from './statistics.ts'

const run = promisify(execFile)
const hostCount = 3
const domainCount = 50
const firstRounds = 7
const pollRounds = 100
/** Both are long-lived: Node has compiled what it runs each second, Python has its imports behind it. */
const warmUpRounds = 200

/**
 * From nothing to the complete inventory of 3 hosts with 50 defined domains each, over one cold virsh per host (all three at once, each asking in one process for
 * the same data); and one refresh of a connected host over getAllDomainStats of a connected python3-libvirt. Both over SSH.
 */
const bench: Bench = async (_words, signal) => {
  await using lab = await Lab.up({ hosts: Array.from({ length: hostCount }, () => ({})), report: console.log, signal })
  const home = mkdtempSync(join(tmpdir(), 'drover-bench-'))
  try {
    mkdirSync(join(home, '.ssh'), { mode: 0o700 })
    copyFileSync(lab.ssh.configFile, join(home, '.ssh/config'))
    // libvirt's SSH transport runs ssh, which takes its home from the password file: only a command of its own can be told where the keys are.
    const ssh = join(home, 'ssh')
    writeFileSync(ssh, `#!/bin/sh\nexec ssh -F ${lab.ssh.configFile} "$@"\n`, { mode: 0o755 })
    await Promise.all(lab.hosts.map((host) => host.run(['sh', '-c', defineAll])))

    const virsh: number[] = []
    const drover: number[] = []
    // The first round of each warms the file cache and is not counted.
    for (let round = 0; round <= firstRounds; round++) {
      const cold = await coldVirsh(lab, ssh)
      const first = await firstInventory(lab)
      if (round === 0) continue
      virsh.push(cold)
      drover.push(first)
      console.log(`first ${round}: drover ${first.toFixed(0)} ms, virsh ${cold.toFixed(0)} ms`)
    }
    const polls = await compareRefresh(lab, ssh)
    const firsts = drover.map((ms, i) => ms / virsh[i]!)
    return {
      first_ratio: rounded(median(firsts)),
      first_interval: medianInterval(firsts).map((n) => rounded(n)),
      poll_ratio: rounded(median(polls.ratios)),
      poll_interval: medianInterval(polls.ratios).map((n) => rounded(n)),
      first_ms: rounded(median(drover)),
      virsh_ms: rounded(median(virsh)),
      poll_ms: rounded(median(polls.ours)),
      python_ms: rounded(median(polls.theirs)),
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

export default bench

const defineAll = `
for i in $(seq 1 ${domainCount}); do
  cat > /tmp/bench-$i.xml <<END
<domain type='qemu'><name>bench-$i</name><memory unit='MiB'>256</memory><vcpu>2</vcpu>
<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/var/lib/libvirt/images/bench-$i.qcow2'/><target dev='vda' bus='virtio'/></disk>
<interface type='bridge'><source bridge='br0'/><model type='virtio'/></interface>
<serial type='pty'/><console type='pty'/><graphics type='vnc' autoport='yes'/></devices></domain>
END
  virsh -q -c qemu:///system define /tmp/bench-$i.xml >/dev/null || exit 1
done`

function uriOf(address: string, ssh: string): string {
  return `qemu+ssh://root@${address}/system?command=${encodeURIComponent(ssh)}`
}

/** Milliseconds of one virsh per host, all at once: versions, host, counters, states, flags and the XML of every domain. */
async function coldVirsh(lab: Lab, ssh: string): Promise<number> {
  const names = Array.from({ length: domainCount }, (_, i) => `bench-${i + 1}`)
  const commands = [
    'version',
    'hostname',
    'nodeinfo',
    'capabilities',
    'nodecpustats',
    'nodememstats',
    'domstats --state --cpu-total --balloon --interface --block',
    'list --all --uuid --persistent',
    'list --all --uuid --autostart',
    'list --all --uuid --with-managed-save',
    ...names.map((name) => `dumpxml ${name}`),
  ]
  const began = performance.now()
  await Promise.all(lab.hosts.map(({ address }) => run('virsh', ['-q', '-c', uriOf(address, ssh), commands.join('; ')], { maxBuffer: 64 << 20 })))
  return performance.now() - began
}

/** Milliseconds from nothing until every domain of every host is in the inventory with its definition. */
async function firstInventory(lab: Lab): Promise<number> {
  const log = createLog('bench', 'silent')
  const inventory = new Inventory()
  const transports = createTransports({ log, secrets: noSecrets, ssh: () => ({ files: [lab.ssh.configFile] }), allowed: { list: () => [], add: async () => {} } })
  const records = { list: async () => [], put: async () => {}, remove: async () => {} }
  const began = performance.now()
  const hosts = new Hosts({ records, transports, claimNumber: () => inventory.claimNumber(), log })
  const vms = new Vms({ hosts, inventory, log, pollMs: () => 1000, jobOf: () => null })
  try {
    const complete = new Promise<void>((resolve) => {
      const seen = new Set<string>()
      inventory.onDidChangeVm((vm) => {
        if (vm.console.hasVnc) seen.add(`${vm.ref.host}/${vm.ref.uuid}`)
        if (seen.size === hostCount * domainCount) resolve()
      })
    })
    await Promise.all(lab.hosts.map(({ address, name }) => hosts.add({ address: `ssh://root@${address}`, label: name, group: null, tags: [] })))
    await complete
    return performance.now() - began
  } finally {
    vms.dispose()
    hosts.dispose()
  }
}

async function compareRefresh(lab: Lab, ssh: string): Promise<{ ratios: number[]; ours: number[]; theirs: number[] }> {
  const log = createLog('bench', 'silent')
  const transports = createTransports({ log, secrets: noSecrets, ssh: () => ({ files: [lab.ssh.configFile] }), allowed: { list: () => [], add: async () => {} } })
  const hosts = new Hosts({ records: { list: async () => [], put: async () => {}, remove: async () => {} }, transports, claimNumber: () => 1, log })
  const python = new PythonClient(process.env)
  try {
    const { address } = lab.host(0)
    const { id } = await hosts.add({ address: `ssh://root@${address}`, label: null, group: null, tags: [] })
    const { connection, ended } = await hosts.whenOnline(id, AbortSignal.timeout(30_000))
    await python.ask({ do: 'open', name: 'host', uri: uriOf(address, ssh) })
    const ours: number[] = []
    const theirs: number[] = []
    for (let round = 0; round < pollRounds + warmUpRounds; round++) {
      const { ms, domains } = await python.ask({ do: 'stats', name: 'host' })
      const began = performance.now()
      const readings = await readDomains(connection, ended)
      const mine = performance.now() - began
      if (readings.length !== domains) throw new Error(`${readings.length} domains here, ${domains} in Python`)
      if (round < warmUpRounds) continue
      ours.push(mine)
      theirs.push(ms)
    }
    return { ratios: ours.map((ms, i) => ms / theirs[i]!), ours, theirs }
  } finally {
    python.close()
    hosts.dispose()
  }
}
