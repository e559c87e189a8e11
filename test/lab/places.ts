import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where running labs keep their state, one folder each; root's alone. Gone with the lab. */
export const labsFolder = '/var/lib/drover-lab'

/** What is dear to make and shared by all labs of the user: root folders of other generations, guest kernel and initramfs. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'drover-lab')
}

/** Where a lab host finds the guest's kernel and initramfs, and the lab's programs: the same on every generation. */
export const partsFolderOnHost = '/usr/share/drover-lab'

/** Where libvirt keeps a host's own disk images, and below it the folder that all hosts of a lab share, as NFS would. */
export const imagesFolder = '/var/lib/libvirt/images'
export const sharedFolder = '/var/lib/libvirt/images/shared'

/** The files of one lab on the machine. */
export class LabPlaces {
  readonly root: string

  constructor(name: string) {
    this.root = join(labsFolder, name)
  }

  get state(): string {
    return join(this.root, 'lab.json')
  }
  get control(): string {
    return join(this.root, 'control')
  }
  get log(): string {
    return join(this.root, 'lab.log')
  }
  get shared(): string {
    return join(this.root, 'shared')
  }
  get hosts(): string {
    return join(this.root, 'hosts')
  }
  get sshConfig(): string {
    return join(this.root, 'ssh_config')
  }
  get knownHosts(): string {
    return join(this.root, 'known_hosts')
  }
  get identity(): string {
    return join(this.root, 'id_ed25519')
  }
  /** A host's folder: `etc-libvirt`, `lib`, `log`, `cache`, `images`, `home`, `ssh`, `run` are its persistent part. */
  host(number: number): string {
    return join(this.root, `host${number}`)
  }
}
