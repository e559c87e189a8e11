import { implement, ORPCError } from '@orpc/server'
import { RPCHandler } from '@orpc/server/ws'
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { contract } from '../../src-main/contract/contract.ts'
import type { Problem } from '../../src-main/contract/problem.ts'
import { FakeCluster, type ClusterSize } from './fake-cluster.ts'

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2', '.svg': 'image/svg+xml' }
/** The page's policy, as strict as the shells', so that what they would refuse is refused here too. */
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'"

function refuse(problem: Problem): never {
  throw new ORPCError('PROBLEM', { status: 422, data: problem, defined: true })
}

async function* until<T>(signal: AbortSignal | undefined, first: T): AsyncGenerator<T> {
  yield first
  await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }))
}

/** The contract over a scripted cluster, for tests of the page alone: a stand-in at the far end of the wire, never imported by the program. */
export function fakeRouter(cluster: FakeCluster): ReturnType<ReturnType<typeof implement<typeof contract>>['router']> {
  const os = implement(contract)
  return os.router({
    settings: {
      info: os.settings.info.handler(() => cluster.info),
      get: os.settings.get.handler(() => cluster.settings),
      update: os.settings.update.handler(({ input }) => cluster.updateSettings(input)),
      watch: os.settings.watch.handler(({ signal }) => cluster.watchSettings(signal)),
      health: os.settings.health.handler(({ signal }) => until(signal, { store: cluster.storeProblem })),
    },
    host: {
      candidates: os.host.candidates.handler(() => cluster.candidates),
      add: os.host.add.handler(({ input }) => cluster.addHost(input.address)),
      update: os.host.update.handler(({ input }) => cluster.updateHost(input)),
      remove: os.host.remove.handler(({ input }) => cluster.removeHost(input.host)),
      answer: os.host.answer.handler(({ input }) => cluster.answer(input.host, input.answer)),
      reconnect: os.host.reconnect.handler(({ input }) => cluster.connect(input.host)),
      details: os.host.details.handler(({ input }) => cluster.hostDetails(input.host)),
      removeAgentFiles: os.host.removeAgentFiles.handler(() => ({ removed: ['agent.mjs', 'node'] })),
      startLab: os.host.startLab.handler(({ input }) => cluster.startLab(input.hosts)),
      stopLab: os.host.stopLab.handler(() => cluster.clear()),
    },
    vm: {
      details: os.vm.details.handler(({ input }) => cluster.vmDetails(input)),
      history: os.vm.history.handler(() => cluster.history()),
      command: os.vm.command.handler(({ input }) => cluster.command(input.vm, input.command)),
      console: os.vm.console.handler(({ signal }) => until(signal, { data: Buffer.from('\r\nDebian GNU/Linux 13 web-1 ttyS0\r\n\r\nweb-1 login: ').toString('base64') })),
      type: os.vm.type.handler(() => undefined),
    },
    demo: {
      labs: os.demo.labs.handler(() => [{ name: 'teaching', title: 'Teaching lab', description: 'Three hosts, twelve VMs.', hosts: 3, vms: 12 }]),
      add: os.demo.add.handler(() => refuse({ code: 'twin-lab-invalid', message: 'The scripted cluster takes no labs.' })),
      open: os.demo.open.handler(() => refuse({ code: 'demo-unknown', message: 'The scripted cluster has no demo lab.' })),
      leave: os.demo.leave.handler(() => undefined),
      setSpeed: os.demo.setSpeed.handler(() => undefined),
      setPaused: os.demo.setPaused.handler(() => undefined),
      putFault: os.demo.putFault.handler(() => undefined),
      removeFault: os.demo.removeFault.handler(() => undefined),
      watch: os.demo.watch.handler(({ signal }) => until(signal, { kind: 'real' as const })),
    },
    inventory: {
      watch: os.inventory.watch.handler(({ signal }) => cluster.watchInventory(signal)),
      ack: os.inventory.ack.handler(() => undefined),
    },
    job: {
      list: os.job.list.handler(({ input }) => cluster.endedJobs(input)),
      watchAll: os.job.watchAll.handler(({ signal }) => cluster.watchJobs(signal)),
      watch: os.job.watch.handler(({ input, signal }) => cluster.watchJob(input.job, signal)),
      ack: os.job.ack.handler(() => undefined),
      locate: os.job.locate.handler(() => ({ source: 'running', destination: 'absent', verdict: 'The VM runs at the source; nothing was lost.', steps: [] })),
      resolve: os.job.resolve.handler(() => undefined),
    },
    migration: {
      verdicts: os.migration.verdicts.handler(({ input }) => cluster.verdicts(input.vms)),
      preflight: os.migration.preflight.handler(({ input }) => input.plans.map((plan) => cluster.preflight(plan))),
      sharing: os.migration.sharing.handler(({ input }) => cluster.sharing(input.vms)),
      fix: os.migration.fix.handler(() => undefined),
      start: os.migration.start.handler(({ input }) => cluster.startMoves(input.moves)),
      cancel: os.migration.cancel.handler(({ input }) => cluster.cancel(input.job) ?? refuse({ code: 'job-ended', message: 'The move has ended already.' })),
      setLimits: os.migration.setLimits.handler(() => undefined),
      switchToPostcopy: os.migration.switchToPostcopy.handler(() => undefined),
      recover: os.migration.recover.handler(() => undefined),
    },
    cluster: {
      plan: os.cluster.plan.handler(({ input, signal }) => (input.kind === 'evacuate' && ![...cluster.vms.values()].some((vm) => vm.ref.host === input.host) ? refuse({ code: 'nothing-to-plan', message: 'There is no VM on it.' }) : cluster.plan(input, signal))),
      start: os.cluster.start.handler(({ input }) => cluster.startRun(input)),
      watchRuns: os.cluster.watchRuns.handler(({ signal }) => cluster.watchRuns(signal)),
      watchRun: os.cluster.watchRun.handler(({ input, signal }) => (cluster.runs.has(input.run) ? cluster.watchRun(input.run, signal) : refuse({ code: 'run-unknown', message: 'There is no such run.' }))),
      ack: os.cluster.ack.handler(() => undefined),
      pause: os.cluster.pause.handler(({ input }) => cluster.runs.get(input.run)?.show({ state: { state: 'paused', since: Date.now(), reason: 'by ada' } })),
      resume: os.cluster.resume.handler(({ input }) => cluster.runs.get(input.run)?.show({ state: { state: 'running' } })),
      setParallelism: os.cluster.setParallelism.handler(({ input }) => cluster.runs.get(input.run)?.show({ perHost: input.perHost, perLink: input.perLink, ...(input.bandwidthMiBps !== undefined && { bandwidthMiBps: input.bandwidthMiBps }) })),
      skip: os.cluster.skip.handler(({ input }) => cluster.runs.get(input.run)?.setRow(input.vm, { state: 'skipped', at: Date.now(), reason: 'Skipped by ada.' })),
      retry: os.cluster.retry.handler(({ input }) => cluster.runs.get(input.run)?.retry(input.vm, input.destination)),
      cancel: os.cluster.cancel.handler(({ input }) => cluster.runs.get(input.run)?.cancel(input.mode)),
      emptiness: os.cluster.emptiness.handler(({ input }) => ({ host: input.host, isEmpty: false, left: [], at: Date.now() })),
      enterMaintenance: os.cluster.enterMaintenance.handler(({ input }) => cluster.setMaintenance(input.host, 'entering', input.reason)),
      leaveMaintenance: os.cluster.leaveMaintenance.handler(({ input }) => cluster.setMaintenance(input.host, null, '')),
      shutDownHost: os.cluster.shutDownHost.handler(({ input }) => void cluster.shutDown(input.host)),
      placements: os.cluster.placements.handler(({ input }) => cluster.findPlacements(input)),
      rules: os.cluster.rules.handler(() => cluster.rules),
      putRule: os.cluster.putRule.handler(({ input }) => void (cluster.rules = [...cluster.rules.filter(({ id }) => id !== input.id), input])),
      removeRule: os.cluster.removeRule.handler(({ input }) => void (cluster.rules = cluster.rules.filter(({ id }) => id !== input.id))),
    },
  })
}

export interface FakeBackend {
  /** The page with its one-time token. */
  readonly url: string
  readonly cluster: FakeCluster
  /** Cuts every connection, as a server that died would; the page may come back. */
  dropConnections(): void
  close(): Promise<void>
}

/** Serves a built page and the fake contract on loopback. Pass `isBusy: false` to keep figures still, for screenshots that can be compared. */
export async function startFakeBackend(page: string, options: { size: ClusterSize; isBusy?: boolean }): Promise<FakeBackend> {
  const cluster = new FakeCluster(options.size, options.isBusy ?? true)
  const handler = new RPCHandler(fakeRouter(cluster))
  const http = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://fake').pathname
    if (path === '/session') return void response.setHeader('content-type', 'application/json').end(JSON.stringify({ session: 'fake' }))
    try {
      const file = join(page, path === '/' ? 'index.html' : path)
      const body = await readFile(file)
      response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream').setHeader('content-security-policy', policy).end(body)
    } catch {
      response.writeHead(404).end()
    }
  })
  const sockets = new WebSocketServer({ server: http, path: '/rpc' })
  sockets.on('connection', (socket) => {
    socket.once('message', () => {
      socket.send('ok')
      void handler.upgrade(socket, { context: {} })
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/#token=fake`,
    cluster,
    dropConnections: () => sockets.clients.forEach((socket) => socket.terminate()),
    close: async () => {
      cluster.close()
      sockets.clients.forEach((socket) => socket.terminate())
      await new Promise((resolve) => http.close(resolve))
    },
  }
}
