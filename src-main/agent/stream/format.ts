// The QEMU migration stream, version 3: migration/savevm.h, savevm.c, ram.c and migration.c of QEMU 7.2 to 10.0. All integers are big-endian.

/** 'QEVM' */
export const streamMagic = 0x5145_564d
export const streamVersion = 3

/** The byte that leads a record. */
export const records = {
  eof: 0x00,
  start: 0x01,
  part: 0x02,
  end: 0x03,
  full: 0x04,
  subsection: 0x05,
  vmDescription: 0x06,
  configuration: 0x07,
  command: 0x08,
  footer: 0x7e,
} as const

/** enum qemu_vm_cmd, savevm.c */
export const commands = {
  openReturnPath: 1,
  ping: 2,
  advise: 3,
  listen: 4,
  run: 5,
  ramDiscard: 6,
  packaged: 7,
  enableColo: 8,
  resume: 9,
  recvBitmap: 10,
  switchoverStart: 11,
} as const

/** The length that each command bears (savevm.c, mig_cmd_args); -1: any. */
export const commandLengths: ReadonlyMap<number, number> = new Map([
  [commands.openReturnPath, 0],
  [commands.ping, 4],
  [commands.advise, -1],
  [commands.listen, 0],
  [commands.run, 0],
  [commands.ramDiscard, -1],
  [commands.packaged, 4],
  [commands.switchoverStart, 0],
])

/** RAM_SAVE_FLAG_*, ram.c: the bits of a page word below the target page's size. */
export const ramFlags = { zero: 0x02, memSize: 0x04, page: 0x08, eos: 0x10, continue: 0x20 } as const

/** The version of section `ram` that all these QEMUs write (ram.c, ram_mig_init). */
export const ramSectionVersion = 4

/** enum mig_rp_message_type, migration.h: what the destination says on the same socket. */
export const returnTypes = { shut: 1, pong: 2, reqPagesId: 3, reqPages: 4, recvBitmap: 5, resumeAck: 6, switchoverAck: 7 } as const

/** x86's page, and what a stream means that does not say (subsection `configuration/target-page-bits`). */
export const usualPageSize = 4096
