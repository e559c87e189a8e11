import type { HostFactsReader } from '../host-facts/host-facts-reader.ts'

/** File systems that several hosts mount at once and that keep caches coherent, by the names of stat -f (libvirt: virFileIsSharedFSType). */
const shared = /^(nfs|nfs4|cifs|smb|smb2|smbfs|ceph|gfs2?|gfs\/gfs2|ocfs2|afs|acfs|gpfs|beegfs|lustre|glusterfs|fuse\.glusterfs|vzfs|prl_fs)$/i

export interface PathOnHost {
  readonly exists: boolean
  /** File system type as stat(1) names it; null where it cannot be told. */
  readonly fileSystem: string | null
  readonly isShared: boolean
  /** Inode, size and time of change: equal on two hosts when it is one file. */
  readonly identity: string | null
}

/** Looks at a path with the rights of the user that Drover logs in as; null where no command can be run. */
export async function lookAt(host: HostFactsReader, path: string): Promise<PathOnHost | null> {
  const [file, system] = await Promise.all([host.exec(['stat', '-L', '-c', '%i %s %Y', '--', path]), host.exec(['stat', '-f', '-c', '%T', '--', path])])
  if (!file) return null
  if (file.code !== 0) {
    // Another user's folder may hide it from us, never from libvirt.
    if (/permission denied/i.test(file.stderr)) return (await host.volumeAt(path)) ? { exists: true, fileSystem: null, isShared: false, identity: null } : null
    return { exists: false, fileSystem: null, isShared: false, identity: null }
  }
  const fileSystem = system?.code === 0 ? system.stdout.trim() : null
  return { exists: true, fileSystem, isShared: fileSystem !== null && shared.test(fileSystem), identity: file.stdout.trim() }
}
