import type { Finding } from '../../../contract/migration.ts'
import { Failure } from '../../../base/failure.ts'
import { forecastMove } from '../forecast/forecast-move.ts'
import type { HostFactsReader, HostVolume } from '../host-facts/host-facts-reader.ts'
import { assessStorage, existing } from '../storage/assess-storage.ts'
import type { CopiedDisk } from '../storage/copied-disks.ts'
import { copyVolumes, type VolumeCopy } from '../storage/copy-volumes.ts'
import { createVolumeLike, type CreatedVolume } from '../storage/create-volumes.ts'
import type { Assembled, Engine, Workplace } from './engine.ts'
import { moveSpecOf } from './move-spec-of.ts'

/** The definition of a VM that is off goes over, and its disks when asked. */
export const offline: Engine = {
  technique: 'offline',
  assess,
  forecast: (move, inputs) => forecastMove(move.plan.options, inputs),
  prepare: copyDisks,
  spec: moveSpecOf,
}

async function assess({ domain, plan, disks, source, destination }: Assembled): Promise<Finding[]> {
  if (domain.isActive) {
    return [
      {
        code: 'vm-running',
        severity: 'error',
        subject: 'technique',
        message: `${domain.name} is running: only the definition of a VM that is off can be moved alone.`,
        fix: { kind: 'option', label: 'Move it while it runs', options: { technique: 'precopy' } },
      },
    ]
  }
  const { storage } = plan.options
  if (storage === 'none') return []
  if (storage === 'incremental') {
    return [
      {
        code: 'options-clash',
        severity: 'error',
        subject: 'options',
        message: 'Disks of a VM that is off can only be copied in full.',
        fix: { kind: 'option', label: 'Copy in full', options: { storage: 'full' } },
      },
    ]
  }
  return assessStorage({ storage, isLive: false, disks, source: source.facts, destination: destination.facts })
}

/** Images and what they are based on, the lowest first. Rejects with `disk-no-pool` where libvirt cannot read a layer. */
async function layersOf(disk: CopiedDisk, source: HostFactsReader): Promise<HostVolume[]> {
  const layers: HostVolume[] = []
  for (let volume = disk.volume; volume && layers.length < 64; ) {
    layers.unshift(volume)
    const base: string | undefined = volume.backing?.path
    if (base === undefined || base === '') break
    volume = await source.volumeAt(base)
    if (!volume) throw new Failure('disk-no-pool', `Disk ${disk.target} is based on an image that lies in no storage pool.`, { evidence: base })
  }
  return layers
}

async function copyDisks(place: Workplace): Promise<void> {
  const { move, signal, say } = place
  const { source, destination } = move
  const created: CreatedVolume[] = []
  const copies: VolumeCopy[] = []
  try {
    for (const disk of move.disks) {
      for (const volume of await layersOf(disk, source.facts)) {
        if (created.some((each) => each.disk.path === volume.path)) continue
        const isBase = volume.path !== disk.path
        // A base that the destination has already is the same image: that is what bases are for.
        if (isBase && volume.path !== undefined && (await existing(destination.facts, volume.path))) continue
        const made = await createVolumeLike({ ...disk, path: volume.path ?? null, volume }, destination.facts, { keepsBase: false, signal })
        if (!made) throw new Failure('disk-exists', `${destination.name} already has an image at the path of disk ${disk.target}.`, { evidence: volume.path ?? volume.name })
        created.push(made)
        copies.push({ from: volume.ref, to: made.volume, bytes: volume.physical ?? volume.allocation })
        say('info', `Created ${made.volume.name} in pool ${made.pool} on ${destination.name}.`)
      }
    }
    const total = copies.reduce((sum, { bytes }) => sum + bytes, 0)
    await copyVolumes(copies, { source: place.openSource, destination: place.openDestination, signal, onProgress: (done) => place.onDiskProgress(done, Math.max(total, done)) })
  } catch (thrown) {
    await removeCreated(created, place)
    throw thrown
  }
}

/** Half-written copies that this very move made; nothing else is ever deleted. */
async function removeCreated(created: readonly CreatedVolume[], { move, say }: Workplace): Promise<void> {
  const { connection } = move.destination.facts.session
  for (const { volume } of created) {
    try {
      await connection.call('storageVolDelete', { vol: volume, flags: 0 }, { deadlineMs: 30_000 })
      say('info', `Removed the unfinished copy ${volume.name} from ${move.destination.name}.`)
    } catch {
      say('warning', `The unfinished copy ${volume.name} is left in pool ${volume.pool} on ${move.destination.name}.`)
    }
  }
}
