import { addressNumber, or, shape, text, word, yes, type Read } from '../read.ts'

/** `<launchSecurity>`: encrypted guests, which stock QEMU cannot migrate. https://libvirt.org/formatdomain.html#launch-security */
export const readLaunchSecurity = shape({
  type: or(word('@type', ['sev', 'sev-snp', 'tdx', 's390-pv']), 'other'),
  policy: addressNumber('policy'),
  cBitPosition: addressNumber('cbitpos'),
  reducedPhysBits: addressNumber('reducedPhysBits'),
  hasKernelHashes: yes('@kernelHashes'),
  quoteGenerationService: text('quoteGenerationService/@path'),
})
export type LaunchSecurity = Read<typeof readLaunchSecurity>
