// What the agents of a scatter-gather move say to each other: frames of a 16-byte header and a payload. All integers are big-endian; pages are numbered as in `GuestMemory`.

/** S: source, T: destination (gathers), D: depot. */
export const frames = {
  /** S → T: a piece of QEMU's stream, as it is. */
  raw: 1,
  /** S → T, D: the guest's memory blocks, JSON. */
  map: 2,
  /** S → T: the device state has passed; from here on pages come in frames of their own. */
  switched: 3,
  /** S → T: pages. */
  direct: 4,
  /** S → T: pages filled with the byte `extra`. */
  fill: 5,
  /** S → T: these pages are with the depots of the bits in `extra`, acknowledged. */
  placed: 6,
  /** S → T: QEMU has sent all that it had, `first` pages, and every one has been sent or placed. */
  done: 7,
  /** S → D: seals, then pages. D → T likewise. */
  sealed: 8,
  /** D → S: these are stored. */
  stored: 9,
  /** D → S: there is no room for these. */
  full: 10,
  /** T → D: send these. */
  get: 11,
  /** D → T: these are not here. */
  missing: 12,
  /** T → S: the guest waits for these. */
  ask: 13,
  /** T → S: messages of the return path. */
  back: 14,
  /** T → S: `first` bytes of raw, direct and fill have gone to QEMU. */
  taken: 15,
  /** T → S: whatever is left is known to be with the depots; the source is needed no longer. */
  settled: 16,
  /** T → S: figures, JSON. */
  counts: 17,
  /** T → S: QEMU has everything and has hung up; or a failure, JSON. */
  over: 18,
  /** T → D: nothing is needed any more. */
  bye: 19,
  /** S → T: QEMU has sent all and was told so: what is not with the destination or a depot yet is with the source’s agent alone. */
  drained: 20,
  /** S ↔ T: `first` frames have been taken, this kind not counted. */
  got: 21,
} as const
export type FrameType = (typeof frames)[keyof typeof frames]

export const headerLength = 16
/** No frame is larger: a run of pages with its seals, or the list of a guest's memory blocks. */
export const longestPayload = 1024 * 1024

export interface Frame {
  readonly type: number
  readonly extra: number
  readonly first: number
  readonly count: number
  /** Its own: nothing else refers to its memory. */
  readonly payload: Buffer
}

/** Writes a header at the start of `bytes`, the rest of which is its payload. */
export function writeHeader(bytes: Buffer, type: FrameType, first: number, count: number, extra = 0): Buffer {
  bytes.writeUInt32BE(type * 0x100_0000 + extra * 0x1_0000, 0)
  bytes.writeUInt32BE(bytes.length - headerLength, 4)
  bytes.writeUInt32BE(first, 8)
  bytes.writeUInt32BE(count, 12)
  return bytes
}

export function frame(type: FrameType, about: { first?: number; count?: number; extra?: number; payload?: Buffer } = {}): Buffer {
  const bytes = Buffer.allocUnsafe(headerLength + (about.payload?.length ?? 0))
  about.payload?.copy(bytes, headerLength)
  return writeHeader(bytes, type, about.first ?? 0, about.count ?? 0, about.extra ?? 0)
}
