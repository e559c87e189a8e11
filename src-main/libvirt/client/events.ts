import { Emitter, type Event } from '../../base/event.ts'
import type { Disposable } from '../../base/disposable.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import type { Log } from '../../base/log.ts'
import { decodeValue } from '../wire/codec.ts'
import { agentStateName, blockJobStatusName, blockJobTypeName } from '../wire/constants/domain-control.ts'
import { lifecycleOf, type Lifecycle } from '../wire/constants/lifecycle.ts'
import {
  connectionClosedEvent,
  domainEventOf,
  domainEvents,
  monitorEvent,
  type DomainEventName,
  type DomainEventOf,
  type MonitorEvent,
} from '../wire/events.ts'
import type { Frame } from '../wire/frame.ts'
import type { DomainRef } from '../wire/objects.ts'
import { programs } from '../wire/procedures/procedure.ts'
import type { Connection } from './connection.ts'
import { Subscription } from './subscription.ts'
import { completedJobOf, type CompletedJob } from './job-stats.ts'

type Caller = Pick<Connection, 'call' | 'isOpen'>

/**
 * What a daemon tells unasked. Listening registers with the daemon, the last listener's going deregisters; `settled` tells when the daemon
 * has taken notice. Events end with the connection: whoever reconnects listens anew.
 */
export class ConnectionEvents implements Disposable {
  readonly #connection: Caller
  readonly #log: Log | undefined
  readonly #byName = new Map<DomainEventName, (frame: Frame) => void>()
  readonly #monitor = new Map<string, Emitter<MonitorEvent>>()
  readonly #subscriptions = new Set<Subscription>()
  readonly #lostHypervisor = new Emitter<{ readonly reason: number }>()

  readonly onDidChangeLifecycle: Event<{ readonly dom: DomainRef; readonly lifecycle: Lifecycle }>
  readonly onDidReboot: Event<{ readonly dom: DomainRef }>
  readonly onDidCompleteJob: Event<{ readonly dom: DomainRef; readonly job: CompletedJob }>
  readonly onDidIterateMigration: Event<{ readonly dom: DomainRef; readonly iteration: number }>
  readonly onDidChangeAgent: Event<{ readonly dom: DomainRef; readonly state: ReturnType<typeof agentStateName> }>
  readonly onDidAddDevice: Event<{ readonly dom: DomainRef; readonly alias: string }>
  readonly onDidRemoveDevice: Event<{ readonly dom: DomainRef; readonly alias: string }>
  readonly onDidFailToRemoveDevice: Event<{ readonly dom: DomainRef; readonly alias: string }>
  readonly onDidChangeBalloon: Event<{ readonly dom: DomainRef; readonly currentKib: number }>
  readonly onDidChangeBlockJob: Event<{
    readonly dom: DomainRef
    readonly disk: string
    readonly type: ReturnType<typeof blockJobTypeName>
    readonly status: ReturnType<typeof blockJobStatusName>
  }>
  readonly onDidChangeMedium: Event<{
    readonly dom: DomainRef
    readonly alias: string
    readonly from: string | null
    readonly to: string | null
  }>
  readonly onDidMoveTray: Event<{ readonly dom: DomainRef; readonly alias: string }>
  readonly onDidFailIo: Event<{ readonly dom: DomainRef; readonly alias: string; readonly path: string; readonly reason: string }>
  readonly onDidFailMonitor: Event<{ readonly dom: DomainRef }>
  readonly onDidTune: Event<DomainEventOf<'tunable'>>
  readonly onDidChangeMetadata: Event<{ readonly dom: DomainRef; readonly type: number; readonly namespace: string | null }>
  /** The daemon lost the hypervisor underneath it. */
  readonly onDidLoseHypervisor: Event<{ readonly reason: number }>

  constructor(connection: Caller, log: Log | undefined) {
    this.#connection = connection
    this.#log = log
    this.onDidChangeLifecycle = this.#domainEvent('lifecycle', ({ dom, event, detail }) => ({ dom, lifecycle: lifecycleOf(event, detail) }))
    this.onDidReboot = this.#domainEvent('reboot', ({ dom }) => ({ dom }))
    this.onDidCompleteJob = this.#domainEvent('jobCompleted', ({ dom, params }) => ({ dom, job: completedJobOf(params) }))
    this.onDidIterateMigration = this.#domainEvent('migrationIteration', ({ dom, iteration }) => ({ dom, iteration }))
    this.onDidChangeAgent = this.#domainEvent('agentLifecycle', ({ dom, state }) => ({ dom, state: agentStateName(state) }))
    this.onDidAddDevice = this.#domainEvent('deviceAdded', ({ dom, devAlias }) => ({ dom, alias: devAlias }))
    this.onDidRemoveDevice = this.#domainEvent('deviceRemoved', ({ dom, devAlias }) => ({ dom, alias: devAlias }))
    this.onDidFailToRemoveDevice = this.#domainEvent('deviceRemovalFailed', ({ dom, devAlias }) => ({ dom, alias: devAlias }))
    this.onDidChangeBalloon = this.#domainEvent('balloonChange', ({ dom, actual }) => ({ dom, currentKib: actual }))
    this.onDidChangeBlockJob = this.#domainEvent('blockJob', ({ dom, dst, type, status }) => ({
      dom,
      disk: dst,
      type: blockJobTypeName(type),
      status: blockJobStatusName(status),
    }))
    this.onDidChangeMedium = this.#domainEvent('diskChange', ({ dom, devAlias, oldSrcPath, newSrcPath }) => ({
      dom,
      alias: devAlias,
      from: oldSrcPath,
      to: newSrcPath,
    }))
    this.onDidMoveTray = this.#domainEvent('trayChange', ({ dom, devAlias }) => ({ dom, alias: devAlias }))
    this.onDidFailIo = this.#domainEvent('ioErrorReason', ({ dom, devAlias, srcPath, reason }) => ({
      dom,
      alias: devAlias,
      path: srcPath,
      reason,
    }))
    this.onDidFailMonitor = this.#domainEvent('controlError', ({ dom }) => ({ dom }))
    this.onDidTune = this.#domainEvent('tunable', (event) => event)
    this.onDidChangeMetadata = this.#domainEvent('metadataChange', ({ dom, type, nsuri }) => ({ dom, type, namespace: nsuri }))
    this.onDidLoseHypervisor = this.#registering(this.#lostHypervisor, {
      name: 'close callback',
      register: () => connection.call('connectRegisterCloseCallback'),
      deregister: () => connection.call('connectUnregisterCloseCallback'),
    })
  }

  /** An event of QEMU's own monitor, such as `MIGRATION`, for every domain. Needs a connection that is not read-only. */
  onMonitorEvent(event: string): Event<MonitorEvent> {
    let emitter = this.#monitor.get(event)
    if (!emitter) this.#monitor.set(event, (emitter = new Emitter<MonitorEvent>()))
    let callbackId = -1
    return this.#registering(emitter, {
      name: `monitor event ${event}`,
      register: async () =>
        ({ callbackId } = await this.#connection.call('qemuConnectDomainMonitorEventRegister', { dom: null, event, flags: 0 })),
      deregister: () => this.#connection.call('qemuConnectDomainMonitorEventDeregister', { callbackId }),
    })
  }

  /** Resolves when the daemon has taken notice of every listener so far; rejects with the first refusal. */
  async settled(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.settled()))
  }

  /** A message from the daemon; the connection hands it over. */
  accept(frame: Frame): void {
    if (frame.program === programs.qemu) {
      if (frame.procedure !== monitorEvent.number) return
      const event = decodeValue(monitorEvent.payload, frame.payload)
      this.#monitor.get(event.event)?.fire(event)
      return
    }
    if (frame.procedure === connectionClosedEvent.number)
      return this.#lostHypervisor.fire(decodeValue(connectionClosedEvent.payload, frame.payload))
    const name = domainEventOf(frame.program, frame.procedure)
    if (name) this.#byName.get(name)?.(frame)
  }

  dispose(): void {
    this.#byName.clear()
    for (const emitter of this.#monitor.values()) emitter.dispose()
    this.#monitor.clear()
    this.#lostHypervisor.dispose()
    for (const subscription of this.#subscriptions) subscription.dispose()
    this.#subscriptions.clear()
  }

  #domainEvent<N extends DomainEventName, T>(name: N, told: (event: DomainEventOf<N>) => T): Event<T> {
    const emitter = new Emitter<T>()
    const { id, payload } = domainEvents[name]
    this.#byName.set(name, (frame) => {
      if (emitter.listenerCount > 0) emitter.fire(told(decodeValue(payload, frame.payload) as DomainEventOf<N>))
    })
    let callbackId = -1
    return this.#registering(emitter, {
      name,
      register: async () =>
        ({ callbackId } = await this.#connection.call('connectDomainEventCallbackRegisterAny', { eventId: id, dom: null })),
      deregister: () => this.#connection.call('connectDomainEventCallbackDeregisterAny', { callbackId }),
    })
  }

  #registering<T>(
    emitter: Emitter<T>,
    about: { name: string; register: () => Promise<unknown>; deregister: () => Promise<unknown> },
  ): Event<T> {
    const subscription = new Subscription({
      ...about,
      isOpen: () => this.#connection.isOpen,
      failed: (thrown) =>
        this.#log?.warn({ event: about.name, code: thrown instanceof Failure ? thrown.code : undefined }, messageOf(thrown)),
    })
    this.#subscriptions.add(subscription)
    return (listener) => {
      const listening = emitter.event(listener)
      const hold = subscription.hold()
      return {
        dispose() {
          listening.dispose()
          hold.dispose()
        },
      }
    }
  }
}
