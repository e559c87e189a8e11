import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Log } from './base/log.ts'
import { noSecrets, type Secrets } from './base/secrets.ts'
import type { Caller, Wire } from './base/wire.ts'
import { Demos, type StartProgram } from './demo/demos.ts'
import { Scene } from './demo/scene.ts'
import { labGroup } from './features/host/lab.ts'
import { findLabProgram } from './lab-program.ts'
import { createProgram } from './program.ts'
import { openStore, openStoreInMemory } from './store/store.ts'
import { createTransports, sshCandidates } from './transports.ts'
import { World } from './twin/world.ts'

export interface ServicesOptions {
  /** The profile's folder; 0700. */
  readonly profile: string
  readonly version: string
  readonly secrets: Secrets
  readonly log: Log
}

/** The program without a shell: everything behind the contract, for as many callers as come. */
export interface Services {
  /** Serves the contract to whoever is at the other end, until the wire closes. */
  serve(wire: Wire, caller: Caller): void
  /** Ends what runs here and writes what is pending. Moves that agents drive go on. */
  close(): Promise<void>
}

/** The profile's own program, and one more for each demo lab that a window opens. Only the owner of the profile may call this. */
export async function createServices(options: ServicesOptions): Promise<Services> {
  const { profile, secrets, log } = options
  const store = await openStore(join(profile, 'drover.db'))
  if (store.problem) log.error({ code: store.problem.code, evidence: store.problem.evidence }, store.problem.message)
  const labProgram = findLabProgram()
  const sshSources = () => labProgram?.sshSources() ?? {}
  if ((await store.hosts.list()).some(({ group }) => group === labGroup)) await labProgram?.find()
  const real = await createProgram({
    ...options,
    store,
    labProgram,
    isDemo: false,
    candidates: () => sshCandidates(sshSources()),
    transports: (settings) =>
      createTransports({
        log,
        secrets,
        ssh: sshSources,
        allowed: {
          list: () => settings.current.allowedCommands,
          add: async (line) => void (await settings.update({ allowedCommands: [...settings.current.allowedCommands, line] })),
        },
      }),
  })
  const demos = new Demos({ start: demoProgram(options), log })
  return {
    serve(wire, caller) {
      new Scene({ wire, caller, real, demos })
    },
    async close() {
      await demos.close()
      await real.close()
    },
  }
}

/** The same program over simulated hosts, with a store of its own that is gone with it. */
function demoProgram(options: ServicesOptions): StartProgram {
  return async (lab, open) => {
    const store = await openStoreInMemory()
    for (const { id, rack } of lab.hosts) {
      await store.hosts.put({ id: randomUUID(), address: World.addressOf(lab, id), label: null, group: rack ?? null, tags: rack ? [`rack:${rack.replaceAll(/\s+/g, '-')}`] : [], migrationAddress: null, maintenance: null, shutDown: null })
    }
    return createProgram({
      ...options,
      log: options.log.child({ demo: lab.name }),
      secrets: noSecrets,
      store,
      labProgram: null,
      isDemo: true,
      candidates: async () => [],
      transports: () => (address) => open(address),
    })
  }
}
