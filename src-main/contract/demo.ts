import { oc, eventIterator } from '@orpc/contract'
import { z } from 'zod'
import { hostId } from './host.ts'
import { problems } from './problem.ts'

/** A lab of simulated hosts that can be opened. */
export const demoLab = z.object({ name: z.string(), title: z.string(), description: z.string(), hosts: z.number().int(), vms: z.number().int() })
export type DemoLab = z.infer<typeof demoLab>

/** What can be made to go wrong in a demo lab; each can be undone. `vm` is a UUID. */
export const demoFault = z.discriminatedUnion('kind', [
  /** Mbit/s that the host's cable carries from now on. */
  z.object({ kind: z.literal('slow-link'), host: hostId, mbps: z.number().positive().max(1_000_000) }),
  /** Nothing passes to the other hosts; it can still be managed. */
  z.object({ kind: z.literal('cut-link'), host: hostId }),
  z.object({ kind: z.literal('host-crash'), host: hostId }),
  /** An older CPU than before. */
  z.object({ kind: z.literal('cpu-mismatch'), host: hostId }),
  /** The VM writes to its memory as fast as it can. */
  z.object({ kind: z.literal('hot-vm'), vm: z.string() }),
])
export type DemoFault = z.infer<typeof demoFault>

/** Virtual over real time. */
export const demoSpeed = z.number().min(0.5).max(50)

/** Whether what this window shows is real. */
export const demoState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('real') }),
  z.object({ kind: z.literal('demo'), lab: demoLab, speed: demoSpeed, isPaused: z.boolean(), faults: z.array(demoFault) }),
])
export type DemoState = z.infer<typeof demoState>

/** All but `labs`, `add`, `open` and `watch` answer `demo-not-open` outside of a demo lab. */
export const demoContract = {
  labs: oc.output(z.array(demoLab)),
  /** Takes in a lab that somebody wrote, as JSON, for as long as Drover runs; one of the same name is replaced. `twin-lab-invalid` names each place that is wrong, `demo-name-taken` a lab of Drover's own. */
  add: oc.errors(problems).input(z.object({ text: z.string().max(4_000_000) })).output(demoLab),
  /** From now on this connection sees the lab and nothing else; what is real goes on behind it. Once open, a lab is shared by all windows that open it. `demo-unknown`. */
  open: oc.errors(problems).input(z.object({ lab: z.string() })),
  /** Back to what is real. The lab ends when nobody is in it any more. */
  leave: oc.errors(problems),
  setSpeed: oc.errors(problems).input(z.object({ speed: demoSpeed })),
  setPaused: oc.errors(problems).input(z.object({ isPaused: z.boolean() })),
  putFault: oc.errors(problems).input(demoFault),
  removeFault: oc.errors(problems).input(demoFault),
  watch: oc.output(eventIterator(demoState)),
}
