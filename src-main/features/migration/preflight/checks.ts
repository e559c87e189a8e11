import type { Check } from './check.ts'
import { clock } from './clock.ts'
import { cpu } from './cpu.ts'
import { devices } from './devices.ts'
import { disks } from './disks.ts'
import { encryption } from './encryption.ts'
import { faults } from './faults.ts'
import { firmware } from './firmware.ts'
import { graphics } from './graphics.ts'
import { identity } from './identity.ts'
import { job } from './job.ts'
import { machine } from './machine.ts'
import { media } from './media.ts'
import { memory } from './memory.ts'
import { nics } from './nics.ts'
import { placement } from './placement.ts'
import { reach } from './reach.ts'
import { recovery } from './recovery.ts'
import { relay } from './relay.ts'
import { security } from './security.ts'
import { tsc } from './tsc.ts'
import { versions } from './versions.ts'

/** Every question that preflight asks. */
export const checks: readonly Check[] = [
  identity,
  job,
  machine,
  versions,
  cpu,
  tsc,
  memory,
  placement,
  disks,
  media,
  nics,
  devices,
  firmware,
  graphics,
  security,
  reach,
  encryption,
  faults,
  recovery,
  relay,
  clock,
]
