import { make, write } from '../make.ts'
import type { HostModelCpu } from './domain-cpu-modes.ts'

/**
 * What host-model means on a host, as a CPU that another host can be asked about: for ConnectCompareHypervisorCPU there, or one of the
 * CPUs for ConnectBaselineHypervisorCPU.
 */
export function makeHostModelCpu(cpu: HostModelCpu): string {
  return write(
    make(
      'cpu',
      { mode: 'custom', match: 'exact' },
      make('model', { fallback: 'forbid' }, cpu.model),
      cpu.vendor === undefined ? undefined : make('vendor', {}, cpu.vendor),
      ...cpu.features.map(({ name, policy }) => make('feature', { policy: policy === 'other' ? 'require' : policy, name })),
    ),
  )
}
