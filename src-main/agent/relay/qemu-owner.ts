import { readFileSync, readdirSync, statSync } from 'node:fs'

/** Whether a command line is that of a QEMU with this UUID; arguments are ended by NUL. */
export function isQemuOf(commandLine: string, uuid: string): boolean {
  const args = commandLine.split('\0')
  const at = args.indexOf('-uuid')
  return at >= 0 && args[at + 1]?.toLowerCase() === uuid.toLowerCase()
}

/** The user that the QEMU of a VM runs as on this host; null where there is none, or /proc does not show it. */
export function ownerOfQemu(uuid: string): number | null {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      if (isQemuOf(readFileSync(`/proc/${name}/cmdline`, 'utf8'), uuid)) return statSync(`/proc/${name}`).uid
    } catch {
      // It ended meanwhile, or is hidden.
    }
  }
  return null
}

/** Who may be at the other end of a local leg: QEMU itself, or libvirtd, which dials on its behalf in a pre-copy. */
export function mayBeQemu(uid: number | null, uuid: string): boolean {
  return uid !== null && (uid === 0 || uid === process.getuid?.() || uid === ownerOfQemu(uuid))
}
