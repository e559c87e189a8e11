import { encodeFrame, type Frame } from './frame.ts'

// virkeepaliveprotocol.x
export const keepaliveProgram = 0x6b656570
const version = 1
const procedures = { ping: 1, pong: 2 } as const

export type KeepaliveKind = keyof typeof procedures

export function encodeKeepalive(kind: KeepaliveKind): Buffer {
  return encodeFrame({ program: keepaliveProgram, version, procedure: procedures[kind], type: 'message', serial: 0, status: 'ok' })
}

/** null for a message of the program that nobody knows; libvirt ignores those too. */
export function keepaliveKind(frame: Frame): KeepaliveKind | null {
  if (frame.version !== version || frame.type !== 'message') return null
  if (frame.procedure === procedures.ping) return 'ping'
  return frame.procedure === procedures.pong ? 'pong' : null
}
