import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../src-main/base/failure.ts'
import { attempt, run } from './command.ts'
import { exclusively } from './file-lock.ts'
import { cacheFolder } from './places.ts'

/** A Debian release: 12 has QEMU 7.2 and libvirt 9.0, 13 has QEMU 10.0 and libvirt 11.3. */
export type Generation = 12 | 13

export const generations: readonly Generation[] = [12, 13]

const suites: Record<Generation, string> = { 12: 'bookworm', 13: 'trixie' }

// Debian 12 has the network and storage drivers in libvirt-daemon itself.
const packages: Record<Generation, readonly string[]> = {
  12: ['qemu-system-x86', 'qemu-utils', 'libvirt-daemon', 'libvirt-daemon-driver-qemu', 'libvirt-clients', 'openssh-server', 'iproute2'],
  13: [
    'qemu-system-x86',
    'qemu-utils',
    'libvirt-daemon',
    'libvirt-daemon-driver-qemu',
    'libvirt-daemon-driver-network',
    'libvirt-daemon-driver-storage',
    'libvirt-clients',
    'openssh-server',
    'iproute2',
  ],
}

/**
 * The root folder that hosts of a generation are made from; hosts never write to it. It is the machine's own root where the machine is of
 * that generation, else a folder in the cache, built with debootstrap on first use (about two minutes).
 */
export async function rootOfGeneration(generation: Generation, report: (line: string) => void, signal?: AbortSignal): Promise<string> {
  if (isMachineOfGeneration(generation)) return '/'
  const root = join(cacheFolder(), `debian-${generation}-r1`)
  if (existsSync(root)) return root
  mkdirSync(cacheFolder(), { recursive: true })
  return exclusively(
    join(cacheFolder(), `debian-${generation}.lock`),
    async () => {
      if (!existsSync(root)) await buildRoot(generation, root, report, signal)
      return root
    },
    signal,
  )
}

function isMachineOfGeneration(generation: Generation): boolean {
  try {
    const release = readFileSync('/etc/os-release', 'utf8')
    const isSame = /^ID=debian$/m.test(release) && new RegExp(`^VERSION_ID="?${generation}"?$`, 'm').test(release)
    return isSame && ['/usr/sbin/libvirtd', '/usr/sbin/virtlogd', '/usr/sbin/sshd', '/usr/bin/qemu-system-x86_64'].every((path) => existsSync(path))
  } catch {
    return false
  }
}

async function buildRoot(generation: Generation, root: string, report: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const suite = suites[generation]
  const building = `${root}.building`
  const started = performance.now()
  report(`Building the root folder of Debian ${generation} (${suite}), once; this takes about two minutes.`)
  await attempt(['rm', '-rf', '--one-file-system', building])
  try {
    await run(['debootstrap', '--variant=minbase', suite, building, ...debianMirror()], { signal })
    writeFileSync(join(building, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 })
    const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...packages[generation]]
    // A mount namespace of its own, so that /proc goes with the command whatever ends it.
    const inside = 'mount -t proc proc "$0/proc" && exec chroot "$0" env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"'
    await run(['unshare', '--mount', 'sh', '-c', inside, building, ...install], { signal })
    rmSync(join(building, 'var/cache/apt/archives'), { recursive: true, force: true })
    rmSync(join(building, 'var/lib/apt/lists'), { recursive: true, force: true })
    renameSync(building, root)
  } catch (cause) {
    await attempt(['rm', '-rf', '--one-file-system', building])
    throw signal?.aborted
      ? signal.reason
      : new Failure('lab-generation', `The root folder of Debian ${generation} could not be built.`, {
          evidence: cause instanceof Failure ? cause.evidence ?? cause.message : String(cause),
          next: 'Check that this machine reaches its Debian mirror and that the package debootstrap is installed, then try again.',
          cause,
        })
  }
  report(`Debian ${generation} is built: ${((performance.now() - started) / 1000).toFixed(0)} s.`)
}

/** The mirror that this machine's own apt uses, or nothing, so that debootstrap takes its default. */
function debianMirror(): string[] {
  const folder = '/etc/apt/sources.list.d'
  const files = ['/etc/apt/sources.list', ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [])]
  for (const file of files) {
    if (!existsSync(file)) continue
    const text = readFileSync(file, 'utf8')
    const found = /^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s*)?)(https?:\/\/\S+\/debian)\/?(?=\s|$)/m.exec(text)?.[1]
    if (found) return [found]
  }
  return []
}
