import { oc, eventIterator } from '@orpc/contract'
import { z } from 'zod'
import { placementRule } from './plan.ts'
import { problem, problems } from './problem.ts'

export const settings = z.object({
  theme: z.enum(['system', 'light', 'dark']),
  /** Seconds between two polls of a host, 1 to 60. */
  pollSeconds: z.number().int().min(1).max(60),
  /** The technique that a drop proposes. */
  defaultTechnique: z.enum(['precopy', 'postcopy', 'hybrid']),
  /** MiB/s; null leaves it to libvirt. */
  defaultBandwidthMiBps: z.number().int().min(1).nullable(),
  /** Milliseconds, null leaves QEMU's 300. */
  defaultDowntimeMs: z.number().int().min(1).max(10_000).nullable(),
  /** Drive moves from an agent on the source host, so that they do not hang on this computer. */
  useAgent: z.boolean(),
  /** First and last port of Drover's agents on a host. */
  agentPorts: z.tuple([z.number().int().min(1024).max(65535), z.number().int().min(1024).max(65535)]),
  /** Lines of ssh_config that may run a program (`Match exec`, ProxyCommand), as the user allowed them. */
  allowedCommands: z.array(z.string()),
  /** Changed by `cluster.putRule` and `cluster.removeRule`. */
  placementRules: z.array(placementRule),
})
export type Settings = z.infer<typeof settings>

/** What this program is and can do here; fixed for the life of the process. */
export const appInfo = z.object({
  version: z.string(),
  shell: z.enum(['electron', 'browser', 'cli']),
  platform: z.string(),
  isDemo: z.boolean(),
  /** Where secrets go: the system's store, plainly readable text (a warning is due), or nowhere (asked every time). */
  secrets: z.enum(['system', 'plain', 'none']),
  /** Local libvirt socket found on this machine, if any. */
  localLibvirt: z.string().nullable(),
  /** True on Linux as root, where a lab in a box can be started. */
  canStartLab: z.boolean(),
  profile: z.string(),
})
export type AppInfo = z.infer<typeof appInfo>

/** What keeps the program from doing all of its work; every entry null when all is well. */
export const health = z.object({
  /** Hosts, settings and history are not being kept: `store-full`, `store-corrupt`, `store-too-new`, `store-busy`, `store-unwritable`, `store-failed`. */
  store: problem.nullable(),
})
export type Health = z.infer<typeof health>

export const settingsContract = {
  info: oc.output(appInfo),
  get: oc.output(settings),
  update: oc.errors(problems).input(settings.partial()).output(settings),
  watch: oc.output(eventIterator(settings)),
  health: oc.output(eventIterator(health)),
}
