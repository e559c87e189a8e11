import { many, or, shape, text, whole, word, yes, type Read } from '../read.ts'

/** `<vcpu>` and `<vcpus>`. https://libvirt.org/formatdomain.html#cpu-allocation */
export const readVcpus = shape({
  /** The most that the domain can have while it runs. */
  count: or(whole('vcpu'), 1),
  /** Online now (or at boot); the same as `count` where undefined. */
  current: whole('vcpu/@current'),
  placement: word('vcpu/@placement', ['static', 'auto']),
  /** Host CPUs that it may run on, such as `0-3,^2`. */
  cpuset: text('vcpu/@cpuset'),
  each: many('vcpus/vcpu', shape({ id: or(whole('@id'), 0), isEnabled: yes('@enabled'), isHotpluggable: yes('@hotpluggable') })),
})
export type Vcpus = Read<typeof readVcpus>
