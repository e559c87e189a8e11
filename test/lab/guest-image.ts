import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Failure } from '../../src-main/base/failure.ts'
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
  /** What is preloaded on a host: see native/lab-shared.c. */
  readonly preloaded: string
  readonly kernelOnHost: string
  readonly initramfsOnHost: string
}

/** What the guest's program makes use of; what they need in turn is found in the modules themselves. */
const modules = ['virtio_pci', 'virtio_blk', 'virtio_net', 'virtio_balloon', 'evdev', 'button']

/** Compiles `source` into the cache, under a name that carries the source's hash: a static program, or a shared library. Returns the path. */
export async function compiled(source: string, signal?: AbortSignal, kind: 'program' | 'library' = 'program'): Promise<string> {
  const code = readFileSync(source)
  const name = source.slice(source.lastIndexOf('/') + 1).replace(/\.c$/, '')
  const folder = partsFolder()
  const program = join(folder, `${name}-${hashOf(code)}`)
  if (existsSync(program)) return program
  const scratch = mkdtempSync(join(folder, '.compile-'))
  try {
    const made = join(scratch, name)
    await run(['gcc', '-O2', ...(kind === 'program' ? ['-static'] : ['-shared', '-fPIC']), '-Wall', '-Wextra', '-Werror', '-o', made, source], { signal })
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
  const preloaded = await compiled(join(import.meta.dirname, 'native/lab-shared.c'), signal, 'library')
  const program = await compiled(join(import.meta.dirname, '../fixtures/guest/guest.c'), signal)
  const folder = partsFolder()
  const kernelFolder = await guestKernel(report, signal)
  const kernel = globSync(join(kernelFolder, 'boot/vmlinuz-*'))[0]
  if (!kernel) throw new Failure('lab-kernel', 'The package of the guest kernel has no kernel in it.', { evidence: kernelFolder })
  const key = hashOf(Buffer.from([program, kernel, ...modules, 'r2'].join('\n')))
  const kernelName = `vmlinuz-${hashOf(Buffer.from(kernel))}`
  const initramfsName = `guest-${key}.cpio.gz`
  if (!existsSync(join(folder, kernelName))) put(join(folder, kernelName), readFileSync(kernel))
  if (!existsSync(join(folder, initramfsName))) put(join(folder, initramfsName), initramfs(program, kernelFolder))
  return { folder, init, qemu, preloaded, kernelOnHost: join(partsFolderOnHost, kernelName), initramfsOnHost: join(partsFolderOnHost, initramfsName) }
}

function initramfs(program: string, kernelFolder: string): Buffer {
  const loaded = inLoadingOrder(kernelFolder, modules).map((path, index) => ({
    path: `modules/${String(index).padStart(2, '0')}-${basename(path)}`,
    mode: 0o644,
    content: readFileSync(path),
  }))
  const folders = ['dev', 'proc', 'modules'].map((path) => ({ path, mode: 0o755, content: null }))
  return gzipSync(newcArchive([...folders, ...loaded, { path: 'init', mode: 0o755, content: readFileSync(program) }]), { level: 6 })
}

/** The files of kernel modules and of all that they depend on (`depends=` in their .modinfo), dependencies first. */
function inLoadingOrder(kernelFolder: string, wanted: readonly string[]): string[] {
  const files = new Map(globSync(join(kernelFolder, '{,usr/}lib/modules/**/*.ko')).map((path) => [basename(path, '.ko').replaceAll('-', '_'), path]))
  const order = new Set<string>()
  const add = (name: string) => {
    const path = files.get(name.replaceAll('-', '_'))
    if (!path) throw new Failure('lab-kernel', `The guest kernel has no module ${name}.`, { evidence: kernelFolder })
    const depends = /\0depends=([\w,-]*)\0/.exec(readFileSync(path, 'latin1'))?.[1] ?? ''
    for (const each of depends.split(',').filter(Boolean)) add(each)
    order.add(path)
  }
  for (const name of wanted) add(name)
  return [...order]
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
  throw new Failure('lab-kernel', 'apt knows neither linux-image-cloud-amd64 nor linux-image-virtual.', { next: 'Check the package sources of this machine.' })
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
