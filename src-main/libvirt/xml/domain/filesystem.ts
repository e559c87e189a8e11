import { has, or, shape, text, whole, word, type Read } from '../read.ts'

/** `<filesystem>`: a folder of the host shown to the guest. https://libvirt.org/formatdomain.html#filesystems */
export const readFilesystem = shape({
  type: or(text('@type'), 'mount'),
  /** `path` is 9p, which blocks migration while mounted; `virtiofs` moves its state only with new QEMU and virtiofsd. */
  driver: or(word('driver/@type', ['path', 'handle', 'virtiofs', 'mtp']), 'path'),
  accessMode: text('@accessmode'),
  /** The folder on the host. */
  source: text('source/@dir'),
  /** A virtiofsd that somebody else started. */
  socket: text('source/@socket'),
  /** The tag that the guest mounts. */
  target: or(text('target/@dir'), ''),
  isReadOnly: has('readonly'),
  binary: text('binary/@path'),
  queueSize: whole('driver/@queue'),
  alias: text('alias/@name'),
})
export type Filesystem = Read<typeof readFilesystem>
