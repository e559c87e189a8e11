import { has, kibibytes, many, one, shape, text, whole, word, type Read } from '../read.ts'

/** `<memoryBacking>`. https://libvirt.org/formatdomain.html#memory-backing */
export const readMemoryBacking = shape({
  hasHugePages: has('hugepages'),
  /** Empty together with `hasHugePages` means the host's default huge page size. */
  hugePages: many(
    'hugepages/page',
    shape({
      /** KiB. */
      size: kibibytes('@size'),
      /** Guest NUMA nodes, as a set such as `0-1`; undefined for all that no other page names. */
      nodeset: text('@nodeset'),
    }),
  ),
  isSamePageMergingOff: has('nosharepages'),
  isLocked: has('locked'),
  source: word('source/@type', ['file', 'anonymous', 'memfd']),
  access: word('access/@mode', ['shared', 'private']),
  allocation: one('allocation', shape({ mode: word('@mode', ['immediate', 'ondemand']), threads: whole('@threads') })),
  isDiscarded: has('discard'),
})
export type MemoryBacking = Read<typeof readMemoryBacking>
