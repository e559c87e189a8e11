import type { Disposable } from '../../../base/disposable.ts'
import { messageOf } from '../../../base/failure.ts'
import type { Log } from '../../../base/log.ts'
import type { Hosts } from '../../host/hosts.ts'
import type { Inventory } from '../../vm/inventory.ts'
import { askEmptiness } from '../run/emptiness.ts'

interface WatchParts {
  readonly hosts: Pick<Hosts, 'list' | 'session' | 'update' | 'onDidChangeSession'>
  readonly inventory: Pick<Inventory, 'vms' | 'onDidRemoveVm'>
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Takes a host that is entering maintenance to `in` once its last VM has gone, whoever moved, ended or removed it, and also where that happened while Drover did not
 * look. The host itself is asked first. The caller disposes it.
 */
export function keepMaintenance({ hosts, inventory, log, now }: WatchParts): Disposable {
  const asking = new Map<string, { isAskedAgain: boolean }>()
  const entering = (host: string) => {
    const maintenance = hosts.list().find(({ id }) => id === host)?.maintenance
    return maintenance?.state === 'entering' ? maintenance : null
  }

  async function look(host: string): Promise<void> {
    const known = asking.get(host)
    if (known) return void (known.isAskedAgain = true)
    const turn = { isAskedAgain: true }
    asking.set(host, turn)
    try {
      while (turn.isAskedAgain) {
        turn.isAskedAgain = false
        if (!entering(host)) return
        const { isEmpty } = await askEmptiness(host, { hosts, now })
        // It may have left maintenance, or been given another reason, while it was asked.
        const maintenance = entering(host)
        if (isEmpty && maintenance) await hosts.update(host, { maintenance: { ...maintenance, state: 'in' } })
      }
    } catch (thrown) {
      log.warn({ host, err: messageOf(thrown) }, 'the state of maintenance could not be kept')
    } finally {
      asking.delete(host)
    }
  }

  const removals = inventory.onDidRemoveVm(({ host }) => {
    if (entering(host) && ![...inventory.vms()].some(({ ref }) => ref.host === host)) void look(host)
  })
  const sessions = hosts.onDidChangeSession((host) => {
    if (entering(host)) void look(host)
  })
  return {
    dispose() {
      removals.dispose()
      sessions.dispose()
    },
  }
}
