import { kibibytes, or, shape, whole, type Read } from '../read.ts'

/** `<memory>`, `<currentMemory>` and `<maxMemory>`, in KiB. https://libvirt.org/formatdomain.html#memory-allocation */
export const readMemory = shape({
  /** All memory at boot, NUMA cells and memory devices included. */
  size: or(kibibytes('memory'), 0),
  /** What the balloon leaves the guest; the same as `size` where nothing is said. */
  current: kibibytes('currentMemory'),
  /** How far memory devices can raise it. */
  most: kibibytes('maxMemory'),
  slots: whole('maxMemory/@slots'),
})
export type Memory = Read<typeof readMemory>
