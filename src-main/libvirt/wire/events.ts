import { hyper, int, list, struct, uhyper, uint, type Codec, type ValueOf } from './codec.ts'
import { maxJobStats } from './limits.ts'
import { domain, optionalString, string } from './objects.ts'
import { programs } from './procedures/procedure.ts'
import { typedParameter } from './typed-parameter.ts'

/** An event of the remote program: the id that registers it, the procedure number that carries it, and what it says. */
export interface DomainEvent<T> {
  readonly id: number
  readonly number: number
  readonly payload: Codec<T>
}

function event<T>(id: number, number: number, payload: Codec<T>): DomainEvent<T> {
  return { id, number, payload }
}

const callbackId = int
const alias = struct({ callbackId, dom: domain, devAlias: string })

/** virDomainEventID. The older ones wrap their message once more, which is only a matter of reading order. */
export const domainEvents = {
  lifecycle: event(0, 318, struct({ callbackId, dom: domain, event: int, detail: int })),
  reboot: event(1, 319, struct({ callbackId, dom: domain })),
  watchdog: event(3, 321, struct({ callbackId, dom: domain, action: int })),
  ioErrorReason: event(6, 324, struct({ callbackId, dom: domain, srcPath: string, devAlias: string, action: int, reason: string })),
  controlError: event(7, 325, struct({ callbackId, dom: domain })),
  diskChange: event(
    9,
    327,
    struct({ callbackId, dom: domain, oldSrcPath: optionalString, newSrcPath: optionalString, devAlias: string, reason: int }),
  ),
  trayChange: event(10, 328, struct({ callbackId, dom: domain, devAlias: string, reason: int })),
  balloonChange: event(13, 331, struct({ callbackId, dom: domain, actual: uhyper })),
  deviceRemoved: event(15, 333, alias),
  blockJob: event(16, 339, struct({ callbackId, dom: domain, dst: string, type: int, status: int })),
  tunable: event(17, 346, struct({ callbackId, dom: domain, params: list(typedParameter, 2048) })),
  agentLifecycle: event(18, 348, struct({ callbackId, dom: domain, state: int, reason: int })),
  deviceAdded: event(19, 354, alias),
  migrationIteration: event(20, 359, struct({ callbackId, dom: domain, iteration: int })),
  jobCompleted: event(21, 363, struct({ callbackId, dom: domain, params: list(typedParameter, maxJobStats) })),
  deviceRemovalFailed: event(22, 367, alias),
  metadataChange: event(23, 379, struct({ callbackId, dom: domain, type: int, nsuri: optionalString })),
  memoryFailure: event(25, 423, struct({ callbackId, dom: domain, recipient: int, action: int, flags: uint })),
}

export type DomainEventName = keyof typeof domainEvents
export type DomainEventOf<N extends DomainEventName> = ValueOf<(typeof domainEvents)[N]['payload']>

/** Of the qemu program: an event of QEMU's own monitor; `details` is its data as JSON. */
export const monitorEvent = {
  number: 6,
  payload: struct({ callbackId, dom: domain, event: string, seconds: hyper, micros: uint, details: optionalString }),
}
export type MonitorEvent = ValueOf<typeof monitorEvent.payload>

/** The daemon lost the hypervisor underneath; sent where connectRegisterCloseCallback was called. */
export const connectionClosedEvent = { number: 362, payload: struct({ reason: int }) }

const byNumber = new Map<number, DomainEventName>()
for (const [name, { number }] of Object.entries(domainEvents)) byNumber.set(number, name as DomainEventName)

/** Which event a message frame of the remote program carries. */
export function domainEventOf(program: number, number: number): DomainEventName | undefined {
  return program === programs.remote ? byNumber.get(number) : undefined
}
