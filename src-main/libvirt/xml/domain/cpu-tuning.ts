import { many, shape, text, whole, type Read } from '../read.ts'

/** `<cputune>`: pinning names CPUs of this host, which the next host may not have. https://libvirt.org/formatdomain.html#cpu-tuning */
export const readCpuTuning = shape({
  shares: whole('shares'),
  /** Microseconds. */
  period: whole('period'),
  /** Microseconds of each period; absent also where negative (unlimited). */
  quota: whole('quota'),
  vcpuPins: many('vcpupin', shape({ vcpu: whole('@vcpu'), cpuset: text('@cpuset') })),
  emulatorPin: text('emulatorpin/@cpuset'),
  iothreadPins: many('iothreadpin', shape({ iothread: whole('@iothread'), cpuset: text('@cpuset') })),
  schedulers: many('vcpusched', shape({ vcpus: text('@vcpus'), scheduler: text('@scheduler'), priority: whole('@priority') })),
  /** Cache and memory bandwidth allocation, which need resctrl on the host. */
  cacheTunes: many('cachetune', text('@vcpus')),
  memoryTunes: many('memorytune', text('@vcpus')),
})
export type CpuTuning = Read<typeof readCpuTuning>
