import { nameOf } from './names.ts'

// virDomainEventType and the details of each, libvirt-domain.h

export const lifecycleEvents = {
  defined: 0,
  undefined: 1,
  started: 2,
  suspended: 3,
  resumed: 4,
  stopped: 5,
  shutdown: 6,
  pmsuspended: 7,
  crashed: 8,
} as const

/** What a lifecycle event's detail means depends on the event. */
export const lifecycleDetails = {
  defined: { added: 0, updated: 1, renamed: 2, 'from-snapshot': 3 },
  undefined: { removed: 0, renamed: 1 },
  started: { booted: 0, migrated: 1, restored: 2, 'from-snapshot': 3, wakeup: 4 },
  suspended: {
    paused: 0,
    migrated: 1,
    ioerror: 2,
    watchdog: 3,
    restored: 4,
    'from-snapshot': 5,
    'api-error': 6,
    postcopy: 7,
    'postcopy-failed': 8,
  },
  resumed: { unpaused: 0, migrated: 1, 'from-snapshot': 2, postcopy: 3, 'postcopy-failed': 4 },
  stopped: { shutdown: 0, destroyed: 1, crashed: 2, migrated: 3, saved: 4, failed: 5, 'from-snapshot': 6 },
  shutdown: { finished: 0, guest: 1, host: 2 },
  pmsuspended: { memory: 0, disk: 1 },
  crashed: { panicked: 0, crashloaded: 1 },
} as const

export type LifecycleEventName = keyof typeof lifecycleEvents

/** A lifecycle event with its detail, both by name. */
export type Lifecycle =
  | {
      [N in LifecycleEventName]: { readonly event: N; readonly detail: keyof (typeof lifecycleDetails)[N] | 'unknown' }
    }[LifecycleEventName]
  | { readonly event: 'unknown'; readonly detail: 'unknown' }

const eventName = nameOf(lifecycleEvents, 'unknown')
const detailNames: { readonly [N in LifecycleEventName]: (value: number) => string } = {
  defined: nameOf(lifecycleDetails.defined, 'unknown'),
  undefined: nameOf(lifecycleDetails.undefined, 'unknown'),
  started: nameOf(lifecycleDetails.started, 'unknown'),
  suspended: nameOf(lifecycleDetails.suspended, 'unknown'),
  resumed: nameOf(lifecycleDetails.resumed, 'unknown'),
  stopped: nameOf(lifecycleDetails.stopped, 'unknown'),
  shutdown: nameOf(lifecycleDetails.shutdown, 'unknown'),
  pmsuspended: nameOf(lifecycleDetails.pmsuspended, 'unknown'),
  crashed: nameOf(lifecycleDetails.crashed, 'unknown'),
}

export function lifecycleOf(event: number, detail: number): Lifecycle {
  const name = eventName(event)
  if (name === 'unknown') return { event: name, detail: name }
  // The detail's name comes from the table of this very event.
  return { event: name, detail: detailNames[name](detail) } as Lifecycle
}
