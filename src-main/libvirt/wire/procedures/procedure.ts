import type { Codec } from '../codec.ts'

export type ProgramName = 'remote' | 'qemu'

/** remote_protocol.x and qemu_protocol.x; both are at version 1. */
export const programs = { remote: 0x20008086, qemu: 0x20008087 } as const
export const programVersion = 1

/** Which way the bytes of the stream that a procedure opens go, as the client sees it. */
export type StreamDirection = 'read' | 'write' | 'both'

/** One call: its numbers, and the codecs of both ends. */
export interface Procedure<A, R, S extends StreamDirection | undefined = StreamDirection | undefined> {
  readonly program: ProgramName
  readonly number: number
  readonly args: Codec<A>
  readonly result: Codec<R>
  readonly stream: S
  /** libvirtd answers these from workers that a busy monitor cannot block. */
  readonly isHighPriority: boolean
}

export function remote<A, R>(number: number, args: Codec<A>, result: Codec<R>): Procedure<A, R, undefined> {
  return { program: 'remote', number, args, result, stream: undefined, isHighPriority: false }
}

export function urgent<A, R>(number: number, args: Codec<A>, result: Codec<R>): Procedure<A, R, undefined> {
  return { program: 'remote', number, args, result, stream: undefined, isHighPriority: true }
}

export function qemu<A, R>(number: number, args: Codec<A>, result: Codec<R>): Procedure<A, R, undefined> {
  return { program: 'qemu', number, args, result, stream: undefined, isHighPriority: false }
}

export function streaming<A, R, S extends StreamDirection>(
  number: number,
  stream: S,
  args: Codec<A>,
  result: Codec<R>,
): Procedure<A, R, S> {
  return { program: 'remote', number, args, result, stream, isHighPriority: false }
}
