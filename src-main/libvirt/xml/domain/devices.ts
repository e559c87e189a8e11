import type { Element } from '../document.ts'
import { childrenOf } from '../edit.ts'
import { many, one, shape, text, type Read, type Reader } from '../read.ts'
import { readCharacterDevice } from './character-device.ts'
import { readController } from './controller.ts'
import { readDisk } from './disk.ts'
import { readFilesystem } from './filesystem.ts'
import { readGraphics } from './graphics.ts'
import { readHostDevice, readRedirectedDevice } from './host-device.ts'
import { readInterface } from './interface.ts'
import { readMemoryDevice } from './memory-device.ts'
import { readRandomGenerator } from './random-generator.ts'
import { readSharedMemory } from './shared-memory.ts'
import {
  readBalloon,
  readInput,
  readIommu,
  readLease,
  readPanic,
  readSmartcard,
  readSound,
  readVideo,
  readWatchdog,
} from './simple-devices.ts'
import { readTpm } from './tpm.ts'
import { readVsock } from './vsock.ts'

const KNOWN: ReadonlySet<string> = new Set([
  'emulator',
  'disk',
  'controller',
  'interface',
  'hostdev',
  'redirdev',
  'filesystem',
  'graphics',
  'serial',
  'parallel',
  'console',
  'channel',
  'tpm',
  'shmem',
  'memory',
  'vsock',
  'rng',
  'watchdog',
  'panic',
  'input',
  'video',
  'sound',
  'memballoon',
  'iommu',
  'smartcard',
  'lease',
  'audio',
  'hub',
  'redirfilter',
])

/** Names of elements that nothing here reads, so that whoever decides about a move can say so. */
function readOthers(devices: Element): readonly string[] {
  return [...new Set(childrenOf(devices).map((device) => device.nodeName))].filter((name) => !KNOWN.has(name))
}

/** `<devices>`. https://libvirt.org/formatdomain.html#devices */
export const readDevices = shape({
  emulator: text('emulator'),
  disks: many('disk', readDisk),
  controllers: many('controller', readController),
  interfaces: many('interface', readInterface),
  hostDevices: many('hostdev', readHostDevice),
  redirectedDevices: many('redirdev', readRedirectedDevice),
  filesystems: many('filesystem', readFilesystem),
  graphics: many('graphics', readGraphics),
  serials: many('serial', readCharacterDevice),
  parallels: many('parallel', readCharacterDevice),
  /** The first console repeats the first serial of an x86 guest. */
  consoles: many('console', readCharacterDevice),
  channels: many('channel', readCharacterDevice),
  tpms: many('tpm', readTpm),
  sharedMemories: many('shmem', readSharedMemory),
  memories: many('memory', readMemoryDevice),
  vsock: one('vsock', readVsock),
  randomGenerators: many('rng', readRandomGenerator),
  watchdogs: many('watchdog', readWatchdog),
  panics: many('panic', readPanic),
  inputs: many('input', readInput),
  videos: many('video', readVideo),
  sounds: many('sound', readSound),
  balloon: one('memballoon', readBalloon),
  iommu: one('iommu', readIommu),
  smartcards: many('smartcard', readSmartcard),
  leases: many('lease', readLease),
  others: readOthers as Reader<readonly string[]>,
})
export type Devices = Read<typeof readDevices>
