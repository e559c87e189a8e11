import { or, shape, text, word, yes, type Read } from '../read.ts'

/** `<seclabel>`. https://libvirt.org/formatdomain.html#security-label */
export const readSecurityLabel = shape({
  type: or(word('@type', ['dynamic', 'static', 'none']), 'dynamic'),
  /** `selinux`, `apparmor`, `dac`; undefined for the host's first. */
  model: text('@model'),
  isRelabelled: yes('@relabel'),
  label: text('label'),
  baseLabel: text('baselabel'),
})
export type SecurityLabel = Read<typeof readSecurityLabel>
