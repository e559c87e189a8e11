import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, connect, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Emitter } from '../../base/event.ts'
import { Failure } from '../../base/failure.ts'
import type { Journal } from '../conductor/move-handle.ts'
import { LineChannel } from '../protocol/line-channel.ts'
import { protocolVersion } from '../protocol/message.ts'
import type { MoveEvent, MoveHappening, MoveOutcome } from '../protocol/move-event.ts'
import type { MoveSpec } from '../protocol/move-spec.ts'
import { AgentServer, type DrivenMove } from './agent-server.ts'
import { Histories } from './histories.ts'

/** On a machine that may be busy. */
const soon = <T>(probe: () => T) => expect.poll(probe, { timeout: 20_000 })

const spec: MoveSpec = {
  job: 'job-00000001',
  vm: { name: 'web', uuid: '6b7f7f5e-0b2f-4c61-9d2a-3c5a1f0e7d11' },
  technique: 'precopy',
  switchPolicy: { when: 'hand' },
  flags: 0,
  destinationName: 'web',
  destinationXml: '<graphics passwd="hunter2"/>',
  persistentXml: null,
  migrateUri: null,
  listenAddress: null,
  disksUri: null,
  disksPort: null,
  disks: null,
  graphicsUri: null,
  compression: [],
  parallelConnections: null,
  autoConverge: null,
  tlsDestination: null,
  limits: { bandwidthMiBps: null, postcopyBandwidthMiBps: null, downtimeMs: null },
}
const route = { via: 'socket', path: '/nowhere' } as const
const sample: MoveHappening = {
  kind: 'sample',
  sample: {
    phase: 'memory',
    memoryTotal: 1,
    memoryRemaining: 1,
    memoryTransferred: 0,
    throughput: 0,
    dirtyRate: null,
    iteration: 1,
    throttle: 0,
    diskTotal: 0,
    diskTransferred: 0,
    postcopyRequests: 0,
    blocktimeMs: null,
    expectedDowntimeMs: null,
  },
}

/** A move that does what the test says: what is under test is who hears of it. */
class ScriptedMove implements DrivenMove {
  readonly job: string
  readonly #journal: Journal
  readonly #happened = new Emitter<MoveEvent>()
  #seq = 0
  #settle: (outcome: MoveOutcome) => void = () => {}
  readonly onDidHappen = this.#happened.event
  readonly ended = new Promise<MoveOutcome>((resolve) => (this.#settle = resolve))

  constructor(job: string, journal: Journal) {
    this.job = job
    this.#journal = journal
  }

  tell(happening: MoveHappening): void {
    this.#journal.append({ ...happening, seq: ++this.#seq, t: 1000 + this.#seq * 100 })
    if (happening.kind === 'ended') this.#settle(happening.outcome)
  }

  cancel(): Promise<void> {
    return Promise.reject(new Failure('move-not-cancellable', 'Past the point of no return.', { next: 'Wait.' }))
  }
  setLimits = () => Promise.resolve()
  switchToPostcopy = () => Promise.resolve()
  recover = () => Promise.resolve()
  setRoute = () => {}
}

let folder: string
let server: AgentServer
let listener: Server
let moves: ScriptedMove[]
let sockets: Socket[]

function makeServer(lingerMs = 60_000): AgentServer {
  return new AgentServer({
    version: 'v',
    histories: new Histories(join(folder, 'jobs'), () => {}),
    log: () => {},
    tunnelTiming: { handshakeMs: 1000, idleMs: 1000 },
    drive: (given, _, journal) => {
      const move = new ScriptedMove(given.job, journal)
      moves.push(move)
      move.tell({ kind: 'started', vm: given.vm, technique: given.technique, driver: 'agent', flags: 1 })
      return move
    },
    libvirtSockets: [],
    lingerMs,
  })
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-agent-'))
  moves = []
  sockets = []
  server = makeServer()
  listener = createServer((socket) => void server.serve(socket)).listen(join(folder, 'sock'))
  await once(listener, 'listening')
})

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  listener.close()
  server.dispose()
  rmSync(folder, { recursive: true })
})

async function attach() {
  const socket = connect(join(folder, 'sock'))
  sockets.push(socket)
  const channel = new LineChannel(socket)
  const received: Record<string, unknown>[] = []
  channel.onDidReceive((message) => received.push(message as Record<string, unknown>))
  let id = 0
  const ask = async (command: Record<string, unknown>) => {
    const mine = ++id
    channel.send({ id: mine, ...command })
    await soon(() => received.find((message) => message['answer'] === mine)).toBeTruthy()
    return received.find((message) => message['answer'] === mine) as { ok?: Record<string, unknown>; failure?: { code: string } }
  }
  const events = () => received.flatMap((message) => ('event' in message ? [message['event'] as MoveEvent] : []))
  await soon(() => received.length).toBe(1)
  return { socket, channel, received, ask, events }
}

const end: MoveHappening = { kind: 'ended', outcome: { kind: 'cancelled', whereabouts: null } }

test('an agent greets with its protocol and version', async () => {
  const { received } = await attach()
  expect(received[0]).toMatchObject({ hello: 'drover-agent', protocol: protocolVersion, version: 'v', pid: process.pid })
})

test('a job is started once, however often it is asked for', async () => {
  const { ask } = await attach()
  expect(await ask({ do: 'start', spec, route })).toMatchObject({ ok: { isNew: true } })
  expect(await ask({ do: 'start', spec, route })).toMatchObject({ ok: { isNew: false } })
  expect(await ask({ do: 'start', spec: { ...spec, job: 'job-00000002' }, route })).toMatchObject({ failure: { code: 'move-running' } })
  expect(moves).toHaveLength(1)
})

test('who attaches late, or again, gets the whole history in order and then what follows', async () => {
  const first = await attach()
  await first.ask({ do: 'start', spec, route })
  for (let i = 0; i < 50; i++) moves[0]?.tell(sample)
  first.socket.destroy()
  moves[0]?.tell({ kind: 'log', level: 'info', text: 'nobody listens' })
  const second = await attach()
  await second.ask({ do: 'attach', job: spec.job, since: 0 })
  await soon(() => second.events().length).toBe(52)
  expect(second.events().map(({ seq }) => seq)).toEqual(Array.from({ length: 52 }, (_, i) => i + 1))
  moves[0]?.tell(end)
  await soon(() => second.events().at(-1)?.kind).toBe('ended')
  const third = await attach()
  await third.ask({ do: 'attach', job: spec.job, since: 51 })
  await soon(() => third.events().map(({ kind }) => kind)).toEqual(['log', 'ended'])
})

test('a desktop that does not read holds up nothing and costs no memory; once it reads it misses nothing', async () => {
  const { ask, socket, events } = await attach()
  await ask({ do: 'start', spec, route })
  await ask({ do: 'attach', job: spec.job, since: 0 })
  socket.pause()
  const text = 'x'.repeat(10_000)
  for (let i = 0; i < 500; i++) moves[0]?.tell({ kind: 'log', level: 'info', text })
  moves[0]?.tell(end)
  await moves[0]?.ended
  socket.resume()
  await soon(() => events().length).toBe(502)
})

test('the history outlives the agent, and a driver without a last word is given one', async () => {
  const { ask } = await attach()
  await ask({ do: 'start', spec, route })
  moves[0]?.tell(sample)
  const path = join(folder, 'jobs', `${spec.job}.jsonl`)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readFileSync(path, 'utf8')).not.toContain('hunter2')
  // As a kill in the middle of a write leaves it.
  writeFileSync(path, '{"kind":"log","leve', { flag: 'a' })
  server = makeServer()
  const later = await attach()
  expect(await later.ask({ do: 'list' })).toMatchObject({ ok: { jobs: [{ job: spec.job, state: 'ended', vm: spec.vm }] } })
  await later.ask({ do: 'attach', job: spec.job, since: 0 })
  await soon(() => later.events().map(({ kind }) => kind)).toEqual(['started', 'sample', 'ended'])
  expect(later.events()[2]).toMatchObject({ outcome: { kind: 'lost', failure: { code: 'agent-lost' } } })
  // And once more: the word that was added is read back whole.
  expect(new Histories(join(folder, 'jobs'), () => {}).get(spec.job)?.summary()).toMatchObject({ state: 'ended', lastSeq: 3 })
})

test('forgetting is refused while it runs and leaves nothing afterwards', async () => {
  const { ask } = await attach()
  await ask({ do: 'start', spec, route })
  expect(await ask({ do: 'forget', job: spec.job })).toMatchObject({ failure: { code: 'agent-busy' } })
  moves[0]?.tell(end)
  await moves[0]?.ended
  expect(await ask({ do: 'forget', job: spec.job })).toMatchObject({ ok: {} })
  expect(readdirSync(join(folder, 'jobs'))).toEqual([])
  expect(await ask({ do: 'attach', job: spec.job, since: 0 })).toMatchObject({ failure: { code: 'agent-unknown-job' } })
})

test('a refusal reaches the desktop with its reason; nonsense is answered, garbage ends the channel', async () => {
  const { ask, channel } = await attach()
  await ask({ do: 'start', spec, route })
  expect(await ask({ do: 'cancel', job: spec.job })).toMatchObject({ failure: { code: 'move-not-cancellable', next: 'Wait.' } })
  const refusal = await ask({ do: 'start', spec: { ...spec, job: '../../etc', destinationXml: 'hunter2' }, route })
  expect(refusal).toMatchObject({ failure: { code: 'agent-bad-request' } })
  expect(JSON.stringify(refusal)).not.toContain('hunter2')
  const { socket } = await attach()
  socket.write('not json\n')
  await once(socket, 'close')
  expect(await ask({ do: 'status' })).toMatchObject({ ok: { runningJobs: 1 } })
  channel.close()
})

test('it is idle only without channel, running job and tunnel', async () => {
  server = makeServer(0)
  let idle = 0
  const becameIdle = new Promise<void>((resolve) => server.onDidBecomeIdle(() => (idle++, resolve())))
  const { ask, socket } = await attach()
  await ask({ do: 'start', spec, route })
  socket.destroy()
  await once(socket, 'close')
  const second = await attach()
  second.socket.destroy()
  await once(second.socket, 'close')
  expect(server.isFree).toBe(false)
  expect(idle).toBe(0)
  moves[0]?.tell(end)
  await becameIdle
})

test('a younger version may ask an idle agent to make room, a busy one stays', async () => {
  const { ask } = await attach()
  const becameIdle = new Promise<void>((resolve) => server.onDidBecomeIdle(resolve))
  await ask({ do: 'start', spec, route })
  expect(await ask({ do: 'shutdown-when-idle' })).toMatchObject({ ok: { isIdle: false } })
  moves[0]?.tell(end)
  await becameIdle
})
