import { clusterContract } from './cluster.ts'
import { demoContract } from './demo.ts'
import { hostContract } from './host.ts'
import { inventoryContract } from './inventory.ts'
import { jobContract } from './job.ts'
import { migrationContract } from './migration.ts'
import { settingsContract } from './settings.ts'
import { vmContract } from './vm.ts'

/** Everything that a window, a browser or the command line may ask of the process that owns the profile. */
export const contract = {
  settings: settingsContract,
  host: hostContract,
  vm: vmContract,
  inventory: inventoryContract,
  job: jobContract,
  migration: migrationContract,
  cluster: clusterContract,
  demo: demoContract,
}
