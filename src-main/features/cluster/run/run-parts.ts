import type { Failure } from '../../../base/failure.ts'
import type { Log } from '../../../base/log.ts'
import type { Store } from '../../../store/store.ts'
import type { Hosts } from '../../host/hosts.ts'
import type { Jobs } from '../../job/jobs.ts'
import type { Migration } from '../../migration/migration.ts'
import type { Inventory } from '../../vm/inventory.ts'
import type { Vms } from '../../vm/vms.ts'

/** What runs are made of: every move of a run is a job like any other. */
export interface RunParts {
  readonly jobs: Pick<Jobs, 'get' | 'open' | 'jobOf' | 'onDidChange'>
  readonly hosts: Pick<Hosts, 'name' | 'record' | 'session' | 'update' | 'list'>
  readonly inventory: Inventory
  readonly vms: Pick<Vms, 'command'>
  readonly migration: Pick<Migration, 'preflight' | 'start' | 'cancel' | 'setLimits'>
  readonly store: Pick<Store, 'runs' | 'placements'>
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Nothing can be written down any more: then nothing new may begin. */
export function isStoreFailure(code: Failure['code']): boolean {
  return code.startsWith('store-')
}
