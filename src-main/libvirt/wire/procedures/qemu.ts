import { int, nothing, optional, struct, uint } from '../codec.ts'
import { domain, optionalString, string } from '../objects.ts'
import { qemu } from './procedure.ts'

/** The qemu program (qemu_protocol.x). */
export const qemuProcedures = {
  /** Taints the domain, and waits as long as the domain has a job that forbids it. */
  qemuDomainMonitorCommand: qemu(1, struct({ dom: domain, cmd: string, flags: uint }), struct({ result: string })),
  qemuDomainAgentCommand: qemu(3, struct({ dom: domain, cmd: string, timeout: int, flags: uint }), struct({ result: optionalString })),
  /** Neither taints nor waits for a job. `dom` null means every domain, `event` null every event. */
  qemuConnectDomainMonitorEventRegister: qemu(
    4,
    struct({ dom: optional(domain), event: optionalString, flags: uint }),
    struct({ callbackId: int }),
  ),
  qemuConnectDomainMonitorEventDeregister: qemu(5, struct({ callbackId: int }), nothing),
}
