import { createConnection } from 'node:net'
import { Connection, type ConnectionOptions } from '../../src-main/libvirt/client/connection.ts'
import { drive, type DriveHands } from '../../src-main/libvirt/drive/drive.ts'
import type { MoveCall, Outcome, StepNote } from '../../src-main/libvirt/drive/outcome.ts'
import type { MovePlan } from '../../src-main/libvirt/drive/plan.ts'
import { whereIs, type Verdict } from '../../src-main/libvirt/drive/undecided.ts'
import type { LabGuest } from '../lab/guest.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { until } from '../lab/waiting.ts'

/** Connections straight to the daemons of a lab, without SSH in between. `close` ends all of them. */
export class LibvirtRig {
  readonly #connections: Connection[] = []

  /** A new connection to the host's daemon. */
  async open(host: LabHost, options: ConnectionOptions = {}): Promise<Connection> {
    const socket = options.readOnly ? '/run/libvirt/libvirt-sock-ro' : '/run/libvirt/libvirt-sock'
    const connection = await Connection.open(createConnection(host.onMachine(socket)), options)
    this.#connections.push(connection)
    return connection
  }

  close(): void {
    for (const connection of this.#connections.splice(0)) connection.close()
  }

  /** A move of `guest`, over connections of its own that the test may cut. */
  async move(
    guest: LabGuest,
    from: LabHost,
    to: LabHost,
    change: Partial<MovePlan> = {},
    hands: Partial<DriveHands> = {},
  ): Promise<RiggedMove> {
    const [source, destination, control, far] = await Promise.all([this.open(from), this.open(to), this.open(from), this.open(to)])
    return new RiggedMove(guest, { source, destination, control, far, to: to.address }, change, hands)
  }

  async verdict(guest: LabGuest, from: LabHost, to: LabHost): Promise<Verdict> {
    const [source, destination] = await Promise.all([this.open(from), this.open(to)])
    return (await whereIs(source, destination, uuidOf(guest.name), { deadlineMs: 10_000 })).verdict
  }
}

interface MoveConnections {
  readonly source: Connection
  readonly destination: Connection
  readonly control: Connection
  readonly far: Connection
  /** The destination's address. */
  readonly to: string
}

export class RiggedMove {
  readonly plan: MovePlan
  readonly notes: StepNote[] = []
  readonly on: MoveConnections
  readonly outcome: Promise<Outcome>

  constructor(guest: LabGuest, on: MoveConnections, change: Partial<MovePlan>, hands: Partial<DriveHands>) {
    this.on = on
    this.plan = {
      domain: { name: guest.name, uuid: uuidOf(guest.name) },
      migrateUri: `tcp://${on.to}`,
      ...change,
      flags: { live: true, persistDest: true, undefineSource: true, ...change.flags },
    }
    this.outcome = drive(this.plan, {
      source: on.source,
      destination: on.destination,
      control: on.control,
      ...hands,
      onStep: (note) => {
        this.notes.push(note)
        hands.onStep?.(note)
      },
    })
  }

  get domain(): { name: string; uuid: string; id: number } {
    return { ...this.plan.domain, id: -1 }
  }

  /** Resolves when that call has been made. */
  sent(step: MoveCall): Promise<unknown> {
    return until(`${step} of ${this.plan.domain.name}`, () => this.notes.some((note) => note.step === step && note.phase === 'sent'))
  }

  /** Resolves when memory is on its way. */
  moving(): Promise<unknown> {
    return until(`Memory of ${this.plan.domain.name} on its way`, async () => {
      const { params } = await this.on.control.call('domainGetJobStats', { dom: this.domain, flags: 0 })
      return params.some(({ field, value }) => field === 'memory_processed' && typeof value === 'number' && value > 0)
    })
  }

  /** The calls that were answered or failed, in order, with what they cancelled. */
  get trail(): string[] {
    return this.notes
      .filter(({ phase }) => phase !== 'sent')
      .map(({ step, phase, isCancelling }) => `${step}${isCancelling ? ' (cancel)' : ''} ${phase}`)
  }
}
