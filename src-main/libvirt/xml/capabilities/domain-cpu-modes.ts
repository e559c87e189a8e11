import type { Element } from '../document.ts'
import { childrenNamed } from '../edit.ts'
import { readCpuFeature, readMaxPhysAddr, type CpuFeature } from '../domain/cpu.ts'
import { many, one, or, shape, text, type Read, type Reader } from '../read.ts'

const readHostModel = shape({
  model: or(text('model'), ''),
  vendor: text('vendor'),
  features: many('feature', readCpuFeature) as Reader<readonly CpuFeature[]>,
  maxPhysAddr: one('maxphysaddr', readMaxPhysAddr),
})
export type HostModelCpu = Read<typeof readHostModel>

/** A CPU model that the host's QEMU knows. */
export interface NamedCpuModel {
  readonly name: string
  /** Undefined where libvirt cannot tell. */
  readonly isUsable: boolean | undefined
  readonly isDeprecated: boolean
  readonly vendor: string | undefined
  /** Features that the host lacks, which is why the model is not usable (libvirt 9.1 and later name them). */
  readonly blockers: readonly string[]
}

/** `<cpu>` of the domain capabilities. https://libvirt.org/formatdomaincaps.html#cpu-configuration */
export interface CpuModes {
  /** Values of `migratable` for host-passthrough; empty where that mode is not supported. */
  readonly passthroughMigratable: readonly string[]
  readonly hasPassthrough: boolean
  readonly hasMaximum: boolean
  /** What host-model becomes for a guest started here; undefined where not supported. */
  readonly hostModel: HostModelCpu | undefined
  readonly models: readonly NamedCpuModel[]
}

const readMigratable = many('enum/value', text('.'))

export function readCpuModes(cpu: Element): CpuModes {
  const modes = new Map(childrenNamed(cpu, 'mode').map((mode) => [mode.getAttribute('name') ?? '', mode]))
  const supported = (name: string) => (modes.get(name)?.getAttribute('supported') === 'yes' ? modes.get(name) : undefined)
  const passthrough = supported('host-passthrough')
  const hostModel = supported('host-model')
  const custom = supported('custom')
  return {
    passthroughMigratable: passthrough ? readMigratable(passthrough) : [],
    hasPassthrough: passthrough !== undefined,
    hasMaximum: supported('maximum') !== undefined,
    hostModel: hostModel && readHostModel(hostModel),
    models: custom ? readModels(custom) : [],
  }
}

function readModels(custom: Element): readonly NamedCpuModel[] {
  const blockers = new Map(
    childrenNamed(custom, 'blockers').map((list) => [
      list.getAttribute('model') ?? '',
      childrenNamed(list, 'feature').map((feature) => feature.getAttribute('name') ?? ''),
    ]),
  )
  return childrenNamed(custom, 'model').map((model) => {
    const name = model.textContent?.trim() ?? ''
    const usable = model.getAttribute('usable')
    return {
      name,
      isUsable: usable === 'yes' ? true : usable === 'no' ? false : undefined,
      isDeprecated: model.getAttribute('deprecated') === 'yes',
      vendor: model.getAttribute('vendor') ?? undefined,
      blockers: blockers.get(name) ?? [],
    }
  })
}
