import type { Connection, ConnectionOptions } from '../../src-main/libvirt/client/connection.ts'
import { domainStatsOf } from '../../src-main/libvirt/client/domain-stats.ts'
import { LibvirtError } from '../../src-main/libvirt/client/libvirt-error.ts'
import { drive, type DriveHands } from '../../src-main/libvirt/drive/drive.ts'
import type { Outcome } from '../../src-main/libvirt/drive/outcome.ts'
import type { MovePlan } from '../../src-main/libvirt/drive/plan.ts'
import { switchToPostcopy } from '../../src-main/libvirt/drive/postcopy.ts'
import { whereIs } from '../../src-main/libvirt/drive/undecided.ts'
import { domainStateOf } from '../../src-main/libvirt/wire/constants/domain-state.ts'

export type End = 'left' | 'right'

/** Two hosts with one running persistent domain on `left`, real or simulated. Whoever opens a side closes its connections. */
export interface Side {
  readonly domain: { readonly name: string; readonly uuid: string; readonly id: number }
  open(end: End, options?: ConnectionOptions): Promise<Connection>
  /** For the memory stream. */
  address(end: End): string
}

/** What a daemon answered: libvirt's own name of the error, or `ok`. */
async function said(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (thrown) {
    if (thrown instanceof LibvirtError) return thrown.errorName
    throw thrown
  }
}

const slow = { bandwidthMiBps: 4 } as const

class Script {
  readonly #side: Side

  constructor(side: Side) {
    this.#side = side
  }

  async asked(): Promise<Record<string, unknown>> {
    const { domain: dom } = this.#side
    const connection = await this.#side.open('left')
    const none = { ...dom, uuid: 'ffffffff-ffff-4fff-8fff-ffffffffffff', name: 'nobody' }
    const { retStats } = await connection.call('connectGetAllDomainStats', { doms: [], stats: 0, flags: 0 })
    const stats = retStats.map(domainStatsOf).find((each) => each.dom.uuid === dom.uuid)
    return {
      'by a name that nobody has': await said(connection.call('domainLookupByName', { name: 'nobody' })),
      'by a UUID that nobody has': await said(connection.call('domainLookupByUuid', { uuid: none.uuid })),
      'the state of nobody': await said(connection.call('domainGetState', { dom: none, flags: 0 })),
      'a start while it runs': await said(connection.call('domainCreateWithFlags', { dom, flags: 0 })),
      'a resume while it runs': await said(connection.call('domainResume', { dom })),
      'an abort without a job': await said(connection.call('domainAbortJob', { dom })),
      'a switch without a job': await said(connection.call('domainMigrateStartPostCopy', { dom, flags: 0 })),
      'an offline Begin while it runs': await said(connection.call('domainMigrateBegin3Params', { dom, params: [], flags: 1024 })),
      'no XML': await said(connection.call('domainDefineXmlFlags', { xml: '<domain/>', flags: 0 })),
      'a machine that nobody has': await said(connection.call('connectGetDomainCapabilities', { emulatorbin: null, arch: null, machine: 'pc-q35-99.0', virttype: 'qemu', flags: 0 })),
      'a pool that nobody has': await said(connection.call('storagePoolLookupByName', { name: 'nobody' })),
      'a network that nobody has': await said(connection.call('networkLookupByName', { name: 'nobody' })),
      'job type': (await connection.call('domainGetJobStats', { dom, flags: 0 })).type,
      stats: { state: stats?.state?.state, vcpus: stats?.vcpuCount, hasCpuTime: (stats?.cpu.timeNs ?? 0) > 0, hasMemory: (stats?.balloon?.maximumKib ?? 0) > 0 },
      'a suspend by who may only look': await said((await this.#side.open('left', { readOnly: true })).call('domainSuspend', { dom })),
    }
  }

  async life(): Promise<string[]> {
    const { domain: dom } = this.#side
    const connection = await this.#side.open('left')
    const told: string[] = []
    connection.events.onDidChangeLifecycle(({ dom: { uuid }, lifecycle }) => uuid === dom.uuid && told.push(`${lifecycle.event} ${lifecycle.detail}`))
    await connection.events.settled()
    for (let i = 0; i < 2; i++) {
      await connection.call('domainSuspend', { dom })
      await connection.call('domainResume', { dom })
    }
    await connection.call('connectGetHostname')
    return [...told]
  }

  /** A move with all that is told of it. `act` is given hands while memory is on its way. */
  async move(from: End, to: End, change: Partial<MovePlan> = {}, act?: (hands: { control: Connection; far: Connection; abort: AbortController }) => Promise<void>): Promise<Record<string, unknown>> {
    const { domain } = this.#side
    const [source, destination, control, far] = await Promise.all([this.#side.open(from), this.#side.open(to), this.#side.open(from), this.#side.open(to)])
    const abort = new AbortController()
    const trail: string[] = []
    const lives: Record<End, string[]> = { left: [], right: [] }
    const statuses: string[] = []
    const iterations: number[] = []
    control.events.onDidChangeLifecycle(({ dom, lifecycle }) => dom.uuid === domain.uuid && lives[from].push(`${lifecycle.event} ${lifecycle.detail}`))
    far.events.onDidChangeLifecycle(({ dom, lifecycle }) => dom.uuid === domain.uuid && lives[to].push(`${lifecycle.event} ${lifecycle.detail}`))
    control.events.onMonitorEvent('MIGRATION')(({ details }) => statuses.push((JSON.parse(details ?? '{}') as { status: string }).status))
    const moving = new Promise<void>((resolve) =>
      control.events.onDidIterateMigration(({ iteration }) => {
        iterations.push(iteration)
        resolve()
      }),
    )
    await Promise.all([control.events.settled(), far.events.settled()])
    const plan: MovePlan = { domain, migrateUri: `tcp://${this.#side.address(to)}`, ...change, flags: { live: true, persistDest: true, undefineSource: true, ...change.flags } }
    const hands: DriveHands = { source, destination, control, signal: abort.signal, onStep: ({ step, phase, isCancelling }) => phase !== 'sent' && trail.push(`${step}${isCancelling ? ' (cancel)' : ''} ${phase}`) }
    const outcome = drive(plan, hands)
    if (act) {
      await moving
      await act({ control, far, abort })
    }
    const ended = await outcome
    const { verdict, destination: there } = await whereIs(await this.#side.open(from), await this.#side.open(to), domain.uuid, { deadlineMs: 10_000 })
    const at = await this.#side.open(there.kind === 'absent' ? from : to)
    const { state, reason } = await at.call('domainGetState', { dom: domain, flags: 0 })
    const after = domainStateOf(state, reason)
    await Promise.all([control.call('connectGetHostname'), far.call('connectGetHostname')])
    return { ...words(ended), trail, verdict, state: `${after.state} ${after.reason}`, source: [...lives[from]], destination: [...lives[to]], firstStatus: statuses[0], lastStatus: statuses.at(-1), firstIteration: iterations[0] }
  }
}

function words(outcome: Outcome): Record<string, unknown> {
  if (outcome.outcome === 'moved') return { outcome: 'moved', leftBehind: outcome.leftBehind !== null }
  if (outcome.outcome !== 'failed') return { outcome: outcome.outcome }
  return { outcome: 'failed', at: outcome.at, isCancelled: outcome.isCancelled, error: outcome.error instanceof LibvirtError ? outcome.error.errorName : outcome.error.name }
}

/** Asks two hosts everything that the client's tests rest on, and moves their domain there and back; the answers of two sides are to be the same. */
export async function protocolScript(side: Side): Promise<Record<string, unknown>> {
  const script = new Script(side)
  return {
    asked: await script.asked(),
    life: await script.life(),
    'a listen address that is not the host’s': await script.move('left', 'right', { listenAddress: '192.0.2.1' }),
    'a cancel in mid-way': await script.move('left', 'right', slow, async ({ abort }) => abort.abort()),
    'pre-copy': await script.move('left', 'right'),
    'a second move to where it is not': await said(side.open('left').then((left) => left.call('domainLookupByUuid', { uuid: side.domain.uuid }))),
    'post-copy back': await script.move('right', 'left', { ...slow, flags: { postcopy: true } }, ({ control, far }) => switchToPostcopy(side.domain, { source: control, destination: far, waits: true }).then(() => undefined)),
    'pre-copy while it is paused': await side.open('left').then(async (left) => {
      await left.call('domainSuspend', { dom: side.domain })
      return script.move('left', 'right')
    }),
    'offline back': await side.open('right').then(async (right) => {
      await right.call('domainDestroyFlags', { dom: side.domain, flags: 0 })
      return script.move('right', 'left', { flags: { live: false, offline: true } })
    }),
  }
}
