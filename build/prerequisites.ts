import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A program that tests need beyond what `npm ci` brings. */
interface Prerequisite {
  /** Any of these in the path, or by its absolute path, is enough. */
  readonly programs: readonly string[]
  /** Debian's and Ubuntu's package of it. */
  readonly package: string
  /** What is tested with it. */
  readonly what: string
}

const prerequisites: readonly Prerequisite[] = [
  { programs: ['chromium', 'chromium-browser'], package: 'chromium', what: 'Chromium, for the tests of the window' },
  { programs: ['qemu-system-x86_64'], package: 'qemu-system-x86', what: 'QEMU, for the lab' },
  { programs: ['qemu-img'], package: 'qemu-utils', what: 'qemu-img, for the lab' },
  { programs: ['libvirtd'], package: 'libvirt-daemon', what: 'libvirtd, for the lab' },
  {
    programs: ['/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so', '/usr/lib/aarch64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so'],
    package: 'libvirt-daemon-driver-qemu',
    what: "libvirt's QEMU driver, for the lab",
  },
  { programs: ['virsh'], package: 'libvirt-clients', what: 'virsh, to compare with' },
  { programs: ['sshd'], package: 'openssh-server', what: 'sshd, for the lab and the tests of SSH' },
  { programs: ['ssh-keygen'], package: 'openssh-client', what: 'ssh-keygen and ssh-agent, for the tests of SSH' },
  { programs: ['ip'], package: 'iproute2', what: 'ip and tc, for the links of the lab' },
  { programs: ['busybox'], package: 'busybox-static', what: 'BusyBox, for the guests of the lab' },
  { programs: ['gcc'], package: 'gcc', what: "a C compiler, for the guest's program and the lab's init" },
  { programs: ['/usr/include/stdio.h'], package: 'libc6-dev', what: 'the C library, for the same' },
  { programs: ['debootstrap'], package: 'debootstrap', what: 'debootstrap, for hosts of the other Debian' },
]

/** Found by root and by others: the sbin folders are not in everybody's path. */
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin']

function isThere({ programs }: Prerequisite): boolean {
  return programs.some((program) => (program.startsWith('/') ? existsSync(program) : folders.some((folder) => existsSync(join(folder, program)))))
}

function isDebian(): boolean {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

export interface Prerequisites {
  /** What could not be had, and the command to get it. */
  readonly missing: readonly { readonly what: string; readonly install: string }[]
}

/**
 * Sees to it that what the tests need beyond `npm ci` is there: as root on Debian or Ubuntu it installs what is missing, otherwise it names it with the command.
 * Never throws: tests that miss something skip themselves and say why.
 */
export async function ensurePrerequisites(): Promise<Prerequisites> {
  if (process.platform !== 'linux') return { missing: [] }
  const packages = prerequisites.filter((each) => !isThere(each)).map((each) => each.package)
  if (packages.length > 0 && process.getuid?.() === 0 && isDebian()) {
    console.log(`Installing what the tests need: ${packages.join(' ')}`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    // Another apt may be at work: wait for it rather than fail.
    const apt = (...words: string[]) => spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...words], { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0
    const install = () => apt('install', '-y', '--no-install-recommends', ...packages)
    if (!install()) {
      apt('update')
      install()
    }
  }
  const missing = prerequisites.filter((each) => !isThere(each)).map((each) => ({ what: each.what, install: `apt-get install ${each.package}` }))
  return { missing }
}
