import { kibibytes, or, shape, text, whole, yes, type Read } from '../read.ts'

/** Devices of a few attributes, which move without questions. https://libvirt.org/formatdomain.html#devices */

export const readWatchdog = shape({ model: or(text('@model'), ''), action: text('@action') })
export type Watchdog = Read<typeof readWatchdog>

export const readPanic = shape({ model: or(text('@model'), 'isa') })
export type Panic = Read<typeof readPanic>

/** `source` is a device of the host (evdev, passthrough), and then ties the guest to it. */
export const readInput = shape({
  type: or(text('@type'), ''),
  bus: text('@bus'),
  model: text('@model'),
  source: (element) => readEvdev(element) ?? readDevice(element),
})
export type Input = Read<typeof readInput>

const readEvdev = text('source/@evdev')
const readDevice = text('source/@dev')

export const readVideo = shape({
  model: or(text('model/@type'), ''),
  heads: whole('model/@heads'),
  /** KiB. */
  memory: kibibytes('model/@vram'),
  has3d: yes('model/acceleration/@accel3d'),
  isPrimary: yes('model/@primary'),
})
export type Video = Read<typeof readVideo>

export const readSound = shape({ model: or(text('@model'), ''), alias: text('alias/@name') })
export type Sound = Read<typeof readSound>

export const readBalloon = shape({
  model: or(text('@model'), ''),
  hasAutodeflate: yes('@autodeflate'),
  hasFreePageReporting: yes('@freePageReporting'),
})
export type Balloon = Read<typeof readBalloon>

export const readIommu = shape({ model: or(text('@model'), '') })
export type Iommu = Read<typeof readIommu>

export const readSmartcard = shape({ mode: or(text('@mode'), '') })
export type Smartcard = Read<typeof readSmartcard>

/** A lock held with a lock manager. */
export const readLease = shape({ lockspace: text('lockspace'), key: text('key'), path: text('target/@path') })
export type Lease = Read<typeof readLease>
