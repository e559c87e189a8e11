/** A file of a cpio archive; the content of a folder is null. */
export interface ArchiveEntry {
  readonly path: string
  readonly mode: number
  readonly content: Buffer | null
}

/** A cpio archive in the "newc" format that Linux takes as an initramfs (kernel documentation: driver-api/early-userspace/buffer-format). */
export function newcArchive(entries: readonly ArchiveEntry[]): Buffer {
  const parts: Buffer[] = []
  const all = [...entries, { path: 'TRAILER!!!', mode: 0, content: null }]
  all.forEach(({ path, mode, content }, index) => {
    const isFolder = content === null && mode !== 0
    const size = content?.length ?? 0
    const type = mode === 0 ? 0 : isFolder ? 0o040000 : 0o100000
    // inode, mode, uid, gid, links, mtime, size, device (2), special device (2), name length, checksum
    const fields = [index + 1, type | mode, 0, 0, isFolder ? 2 : 1, 0, size, 0, 0, 0, 0, Buffer.byteLength(path) + 1, 0]
    const header = '070701' + fields.map((field) => field.toString(16).padStart(8, '0')).join('')
    parts.push(padded(Buffer.from(`${header}${path}\0`)), padded(content ?? Buffer.alloc(0)))
  })
  return Buffer.concat(parts)
}

function padded(bytes: Buffer): Buffer {
  const missing = -bytes.length & 3
  return missing ? Buffer.concat([bytes, Buffer.alloc(missing)]) : bytes
}
