import { kibibytes, or, shape, text, word, type Read } from '../read.ts'

/** `<shmem>`: memory shared with other guests of the host. https://libvirt.org/formatdomain.html#shared-memory-device */
export const readSharedMemory = shape({
  name: or(text('@name'), ''),
  /** A `peer` cannot be migrated; a `master` takes the content along. */
  role: word('@role', ['master', 'peer']),
  model: text('model/@type'),
  /** KiB. */
  size: kibibytes('size', 'bytes'),
  server: text('server/@path'),
})
export type SharedMemory = Read<typeof readSharedMemory>
