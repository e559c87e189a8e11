import { implement } from '@orpc/server'
import type { Caller } from '../../base/wire.ts'
import { inventoryContract } from '../../contract/inventory.ts'
import { vmContract } from '../../contract/vm.ts'
import type { Inventory } from './inventory.ts'
import type { Vms } from './vms.ts'

const never = new AbortController().signal

export function vmRouter(vms: Vms) {
  const os = implement(vmContract).$context<Caller>()
  return {
    details: os.details.handler(({ input, signal = never }) => vms.details(input, signal)),
    history: os.history.handler(({ input }) => vms.history(input)),
    command: os.command.handler(({ input, signal = never }) => vms.command(input.vm, input.command, signal)),
    console: os.console.handler(({ input, signal = never }) => vms.consoles.open(input, signal)),
    type: os.type.handler(({ input, signal = never }) => vms.consoles.type(input.session, input.data, signal)),
  }
}

export function inventoryRouter(inventory: Inventory) {
  const os = implement(inventoryContract).$context<Caller>()
  return {
    watch: os.watch.handler(({ input, signal = never }) => inventory.watch(input.subscription, signal)),
    ack: os.ack.handler(({ input }) => inventory.ack(input.subscription, input.seq)),
  }
}
