import { Failure } from '../../base/failure.ts'

/** One host of a lab in a box. */
export interface LabHost {
  readonly name: string
  /** `ssh://root@address:port`. */
  readonly address: string
}

/** Starts and ends a lab on this machine; given where one can be started at all. */
export interface LabProgram {
  up(hosts: number): Promise<readonly LabHost[]>
  down(): Promise<void>
}

interface KnownHosts {
  list(): readonly { readonly id: string; readonly address: string; readonly group: string | null }[]
  add(wish: { address: string; label: string | null; group: string | null; tags: string[] }): Promise<unknown>
  remove(id: string): Promise<void>
}

/** The group that the lab's hosts are shown in. */
export const labGroup = 'Lab in a box'

/** Real hosts in network namespaces of this machine, for whoever has none at hand. */
export class Lab {
  readonly #program: LabProgram | null
  readonly #hosts: KnownHosts
  #isBusy = false

  constructor(program: LabProgram | null, hosts: KnownHosts) {
    this.#program = program
    this.#hosts = hosts
  }

  /** Throws `lab-not-possible`, `lab-busy`, or what starting it ran into. */
  async start(hosts: number): Promise<void> {
    await this.#exclusively(async (program) => {
      const known = new Set(this.#hosts.list().map(({ address }) => address))
      for (const { name, address } of await program.up(hosts)) {
        if (!known.has(address)) await this.#hosts.add({ address, label: name, group: labGroup, tags: [] })
      }
    })
  }

  /** Takes the lab down, then forgets its hosts. */
  async stop(): Promise<void> {
    await this.#exclusively(async (program) => {
      await program.down()
      for (const host of this.#hosts.list()) if (host.group === labGroup) await this.#hosts.remove(host.id)
    })
  }

  async #exclusively(work: (program: LabProgram) => Promise<void>): Promise<void> {
    if (!this.#program) {
      throw new Failure('lab-not-possible', 'A lab in a box needs Linux and the rights of root on this machine.', { next: 'Start Drover as root in a throw-away machine, or connect a real host.' })
    }
    if (this.#isBusy) throw new Failure('lab-busy', 'The lab is being started or ended already.')
    this.#isBusy = true
    try {
      await work(this.#program)
    } finally {
      this.#isBusy = false
    }
  }
}
