import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import { createLog } from '../../src-main/base/log.ts'
import { noSecrets } from '../../src-main/base/secrets.ts'
import { wirePair, type Wire } from '../../src-main/base/wire.ts'
import { socketOf } from '../../src-main/base/wire-socket.ts'
import { openBrowserServer } from '../../src-main/browser/server.ts'
import type { contract } from '../../src-main/contract/contract.ts'
import { moveOptions } from '../../src-main/contract/migration.ts'
import type { VmView } from '../../src-main/contract/vm.ts'
import { createServices } from '../../src-main/services.ts'

// The program's server of its own process, with the twin in it: what the board's benchmark measures beside the window. Lines on stdin: `moves N`, `cpu`, `end`.

const folder = mkdtempSync(join(tmpdir(), 'drover-board-'))
const services = await createServices({ profile: folder, version: '0', secrets: noSecrets, log: createLog('board', 'silent') })
const connect = (): Wire => {
  const [mine, theirs] = wirePair()
  services.serve(theirs, { shell: 'browser' })
  return mine
}
const client: ContractRouterClient<typeof contract> = createORPCClient(new RPCLink({ websocket: socketOf(connect()) }))
await client.demo.open({ lab: 'big' })
const vms = await running()
const server = await openBrowserServer({ port: 0, page: join(import.meta.dirname, '../../out/renderer'), connect: async () => connect() })
const say = (what: object) => console.log(JSON.stringify(what))
say({ url: server.createUrl(), vms: vms.length })

let cpu = process.cpuUsage()
let at = performance.now()
createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, count] = line.split(' ')
  if (word === 'moves') void start(Number(count)).then(() => say({ started: Number(count) }))
  else if (word === 'cpu') {
    const used = process.cpuUsage(cpu)
    say({ cores: (used.user + used.system) / 1000 / (performance.now() - at) })
    cpu = process.cpuUsage()
    at = performance.now()
  } else if (word === 'end') {
    void server
      .close()
      .then(() => services.close())
      .then(() => {
        rmSync(folder, { recursive: true, force: true })
        process.exit(0)
      })
  }
})

/** The running VMs, once all hosts are there. */
async function running(): Promise<VmView[]> {
  const seen = new Map<string, VmView>()
  const subscription = randomUUID()
  for await (const frame of await client.inventory.watch({ subscription })) {
    for (const vm of frame.vms) seen.set(vm.ref.uuid, vm)
    await client.inventory.ack({ subscription, seq: frame.seq })
    if (seen.size >= 2000) break
  }
  return [...seen.values()].filter(({ state }) => state === 'running')
}

/** Each from a host of its own to the next one, slow enough to last beyond any measurement. */
async function start(count: number): Promise<void> {
  const hosts = [...new Set(vms.map(({ ref }) => ref.host))]
  const moves = hosts.slice(0, count).map((host, i) => ({
    job: randomUUID(),
    plan: { vm: vms.find(({ ref }) => ref.host === host)!.ref, destination: hosts[(i + 1) % hosts.length]!, options: moveOptions.parse({ technique: 'precopy', driver: 'app', bandwidthMiBps: 2 }) },
  }))
  await client.migration.start({ moves })
}
