import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Who asks: all tests, or the lab alone, which needs neither Chromium nor python3. */
type Purpose = 'tests' | 'lab'

/** A program that tests need beyond what `npm ci` brings. */
interface Prerequisite {
  /** Any of these in the path, or by its absolute path, is enough. */
  readonly programs: readonly string[]
  /** Debian's and Ubuntu's package of it. */
  readonly package: string
  /** What is tested with it. */
  readonly what: string
  /** Default: the lab and so all tests. */
  readonly isForTestsOnly?: true
  /** Only where tests have an Electron to open. */
  readonly isForElectron?: true
}

const prerequisites: readonly Prerequisite[] = [
  { programs: ['chromium', 'chromium-browser'], package: 'chromium', what: 'Chromium, for the tests of the window', isForTestsOnly: true },
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
  { programs: ['gcc'], package: 'gcc', what: "a C compiler, for the guest's program and the lab's init" },
  { programs: ['/usr/include/stdio.h'], package: 'libc6-dev', what: 'the C library, for the same' },
  { programs: ['/usr/lib/python3/dist-packages/libvirt.py'], package: 'python3-libvirt', what: "libvirt's Python client, to compare with", isForTestsOnly: true },
  { programs: ['Xvfb'], package: 'xvfb', what: 'a display, for the tests of Electron', isForElectron: true },
  { programs: ['dbus-daemon'], package: 'dbus', what: 'a message bus, for the tests of Electron', isForElectron: true },
  { programs: ['gnome-keyring-daemon'], package: 'gnome-keyring', what: 'a keyring, for the tests of Electron', isForElectron: true },
  { programs: ['/usr/lib/notification-daemon/notification-daemon'], package: 'notification-daemon', what: 'notifications, for the tests of Electron', isForElectron: true },
  { programs: ['openbox'], package: 'openbox', what: 'a window manager, for the tests of Electron', isForElectron: true },
  { programs: ['xdotool'], package: 'xdotool', what: 'a keyboard, for the tests of Electron', isForElectron: true },
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

export interface PrerequisitesOptions {
  /** Default `tests`, which is everything. */
  readonly for?: Purpose
  /** Install what is missing, where that can be done. Default true. */
  readonly install?: boolean
  /** Told what takes long; default: the console. */
  readonly report?: (line: string) => void
}

/**
 * Sees to it that what the tests need beyond `npm ci` is there: as root on Debian or Ubuntu it installs what is missing, otherwise it names it with the command.
 * Never throws: tests that miss something skip themselves and say why.
 */
export async function ensurePrerequisites(options: PrerequisitesOptions = {}): Promise<Prerequisites> {
  if (process.platform !== 'linux') return { missing: [] }
  const { install = true, report = console.log } = options
  const wanted = prerequisites.filter((each) => (each.isForElectron ? options.for !== 'lab' && process.env['DROVER_TEST_ELECTRON'] : options.for !== 'lab' || !each.isForTestsOnly))
  const packages = wanted.filter((each) => !isThere(each)).map((each) => each.package)
  if (install && packages.length > 0 && process.getuid?.() === 0 && isDebian()) {
    report(`Installing what is needed: ${packages.join(' ')}`)
    withoutServices(() => {
      apt(report, 'update')
      // One that this release does not have must not keep the others out.
      if (!apt(report, 'install', '-y', '--no-install-recommends', ...packages)) {
        for (const each of packages) apt(report, 'install', '-y', '--no-install-recommends', each)
      }
    })
  }
  const missing = wanted.filter((each) => !isThere(each)).map((each) => ({ what: each.what, install: `apt-get install ${each.package}` }))
  return { missing }
}

/** Another apt may be at work: waits for it, up to five minutes for either lock, rather than fail. */
function apt(report: (line: string) => void, ...words: string[]): boolean {
  for (let attempts = 0; ; attempts++) {
    const { status, stderr } = spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    })
    if (status === 0) return true
    // The lock of the package lists knows no timeout.
    if (!/Could not get lock/.test(stderr) || attempts >= 100) {
      report(stderr.trim().slice(-1000))
      return false
    }
    spawnSync('sleep', ['3'])
  }
}

/** Keeps packages from starting an sshd or a libvirtd on the machine itself, unless somebody decided about that already (policy-rc.d). */
function withoutServices(work: () => void): void {
  const policy = '/usr/sbin/policy-rc.d'
  const isOurs = !existsSync(policy)
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    work()
  } finally {
    if (isOurs) rmSync(policy, { force: true })
  }
}
