import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { attempt, run } from './command.ts'
import { exclusively } from './file-lock.ts'
import { newcArchive } from './newc.ts'
import { cacheFolder, partsFolderOnHost } from './places.ts'

/** The lab's compiled parts on the machine, and where lab hosts see the guest's kernel and initramfs. */
export interface LabParts {
  /** Folder on the machine that every lab host sees, read-only, at `partsFolderOnHost`. */
  readonly folder: string
  readonly init: string
  /** What stands before QEMU: see native/lab-qemu.c. */
  readonly qemu: string
  readonly kernelOnHost: string
  readonly initramfsOnHost: string
}

// In the order in which they are loaded.
const modules = ['virtio', 'virtio_ring', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci', 'virtio_blk', 'failover', 'net_failover']
const laterModules = ['virtio_net', 'virtio_balloon', 'evdev', 'button']

/** Compiles `source` statically into the cache, under a name that carries the source's hash. Returns the path. */
export async function compiled(source: string, signal?: AbortSignal): Promise<string> {
  const code = readFileSync(source)
  const name = source.slice(source.lastIndexOf('/') + 1).replace(/\.c$/, '')
  const folder = partsFolder()
  const program = join(folder, `${name}-${hashOf(code)}`)
  if (existsSync(program)) return program
  const scratch = mkdtempSync(join(folder, '.compile-'))
  try {
    const made = join(scratch, name)
    await run(['gcc', '-O2', '-static', '-Wall', '-Wextra', '-Werror', '-o', made, source], { signal })
    renameSync(made, program)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  return program
}

/** Everything that hosts and guests of a lab need, from the cache where it is there. */
export async function labParts(report: (line: string) => void, signal?: AbortSignal): Promise<LabParts> {
  const init = await compiled(join(import.meta.dirname, 'native/lab-init.c'), signal)
  const qemu = await compiled(join(import.meta.dirname, 'native/lab-qemu.c'), signal)
  const program = await compiled(join(import.meta.dirname, '../fixtures/guest/guest.c'), signal)
  const folder = partsFolder()
  const kernelFolder = await guestKernel(report, signal)
  const kernel = globSync(join(kernelFolder, 'boot/vmlinuz-*'))[0]
  if (!kernel) throw new Error(`No kernel in ${kernelFolder}`)
  const key = hashOf(Buffer.from([program, kernel, ...modules, ...laterModules].join('\n')))
  const kernelName = `vmlinuz-${hashOf(Buffer.from(kernel))}`
  const initramfsName = `guest-${key}.cpio.gz`
  if (!existsSync(join(folder, kernelName))) put(join(folder, kernelName), readFileSync(kernel))
  if (!existsSync(join(folder, initramfsName))) put(join(folder, initramfsName), initramfs(program, kernelFolder))
  return { folder, init, qemu, kernelOnHost: join(partsFolderOnHost, kernelName), initramfsOnHost: join(partsFolderOnHost, initramfsName) }
}

function initramfs(program: string, kernelFolder: string): Buffer {
  const files = globSync(join(kernelFolder, '{,usr/}lib/modules/**/*.ko'))
  const loaded = [...modules, ...laterModules].map((module, index) => {
    const path = files.find((file) => file.endsWith(`/${module}.ko`) || file.endsWith(`/${module.replaceAll('_', '-')}.ko`))
    if (!path) throw new Error(`The guest kernel has no module ${module}`)
    return { path: `modules/${String(index).padStart(2, '0')}-${module}.ko`, mode: 0o644, content: readFileSync(path) }
  })
  const folders = ['dev', 'proc', 'modules'].map((path) => ({ path, mode: 0o755, content: null }))
  return gzipSync(newcArchive([...folders, ...loaded, { path: 'init', mode: 0o755, content: readFileSync(program) }]), { level: 6 })
}

/** Debian's cloud kernel, unpacked. */
async function guestKernel(report: (line: string) => void, signal?: AbortSignal): Promise<string> {
  const kernel = join(cacheFolder(), 'kernel-r1')
  if (existsSync(kernel)) return kernel
  return exclusively(
    join(cacheFolder(), 'kernel.lock'),
    async () => {
      if (existsSync(kernel)) return kernel
      report('Fetching the guest kernel (linux-image-cloud-amd64), once.')
      const scratch = mkdtempSync(join(cacheFolder(), '.kernel-'))
      try {
        await run(['sh', '-c', `cd "$0" && apt-get -o APT::Sandbox::User=root download "$1"`, scratch, await kernelPackage(signal)], { signal })
        const archive = readdirSync(scratch).find((name) => name.endsWith('.deb')) ?? ''
        await run(['dpkg', '-x', join(scratch, archive), join(scratch, 'root')], { signal })
        renameSync(join(scratch, 'root'), kernel)
      } finally {
        rmSync(scratch, { recursive: true, force: true })
      }
      return kernel
    },
    signal,
  )
}

/** The package behind Debian's metapackage; Ubuntu's small kernel is called linux-image-virtual. */
async function kernelPackage(signal?: AbortSignal): Promise<string> {
  for (const isRetry of [false, true]) {
    if (isRetry) await attempt(['apt-get', 'update'], { signal })
    for (const metapackage of ['linux-image-cloud-amd64', 'linux-image-virtual']) {
      const { stdout } = await attempt(['apt-cache', 'depends', metapackage], { signal })
      const found = /Depends: (linux-image-\d\S*)/.exec(stdout)?.[1]
      if (found) return found
    }
  }
  throw new Error('apt knows neither linux-image-cloud-amd64 nor linux-image-virtual')
}

function partsFolder(): string {
  const folder = join(cacheFolder(), 'parts')
  mkdirSync(folder, { recursive: true })
  return folder
}

function put(path: string, content: Buffer): void {
  const scratch = `${path}.${process.pid}`
  writeFileSync(scratch, content)
  renameSync(scratch, path)
}

function hashOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 12)
}
