import type { Finding, Technique } from '../../../contract/migration.ts'
import { forecastMove } from '../forecast/forecast-move.ts'
import { checkOptions } from '../plan/compatible-options.ts'
import { assessStorage } from '../storage/assess-storage.ts'
import { createVolumeLike } from '../storage/create-volumes.ts'
import type { Assembled, Engine, Workplace } from './engine.ts'
import { moveSpecOf } from './move-spec-of.ts'

/** What the techniques of a running VM have in common. `extra`: what a technique asks beyond it. */
export function liveEngine(technique: Exclude<Technique, 'offline'>, extra: (move: Assembled) => Finding[]): Engine {
  return {
    technique,
    async assess(move) {
      const { domain, plan, source, destination, disks } = move
      if (!domain.isActive) return [isOff(domain.name)]
      const { storage } = plan.options
      const copying = storage === 'none' ? [] : await assessStorage({ storage, isLive: true, disks, source: source.facts, destination: destination.facts })
      const hosts = [source, destination].map(({ name, facts }) => ({ name, libvirt: facts.session.facts.libvirtVersion, qemu: facts.session.facts.hypervisorVersion }))
      return [...checkOptions(plan.options, hosts), ...copying, ...extra(move)]
    },
    forecast: (move, inputs) => forecastMove(move.plan.options, inputs),
    prepare: createMissingLayers,
    spec: moveSpecOf,
  }
}

function isOff(vm: string): Finding {
  return {
    code: 'vm-off',
    severity: 'error',
    subject: 'technique',
    message: `${vm} is off: there is no memory to move.`,
    fix: { kind: 'option', label: 'Move its definition', options: { technique: 'offline' } },
  }
}

/** libvirt creates missing images of a full copy by itself, once it knows that they are missing, and refuses to for an incremental one. */
async function createMissingLayers({ move, say, signal }: Workplace): Promise<void> {
  if (move.plan.options.storage === 'full') for (const { path } of move.disks) if (path !== null) await move.destination.facts.volumeAt(path)
  if (move.plan.options.storage !== 'incremental') return
  for (const disk of move.disks) {
    const created = await createVolumeLike(disk, move.destination.facts, { keepsBase: true, signal })
    if (created) say('info', `Created ${created.volume.name} in pool ${created.pool} on ${move.destination.name}, on the base that is there.`)
  }
}
