import { spawn } from 'node:child_process'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { Failure } from '../../base/failure.ts'
import { shutMessage } from '../stream/return-path.ts'

// Between the end of the source's stream and SHUT a connection that breaks is the worst that can happen: QEMU 10 resumes its guest beside the one that runs at the destination,
// QEMU 7.2 hangs. So the socket has a second holder, a small process that outlives the agent.

/** What the agent tells its holder, a byte each. */
const words = { safe: 0x73, done: 0x64 } as const
/** Where the holder finds the socket. */
const socketNumber = 3

/** The second holder of a socket to QEMU. */
export interface SocketHolder {
  readonly pid: number
  /** Every page is safe elsewhere: if the agent dies now, the holder itself tells QEMU so. */
  markSafe(): void
  /** The agent is done with the socket; the holder ends. Idempotent. */
  release(): void
}

/** Gives a socket that is connected to QEMU a second holder. `program`: the agent's own file. `uuid`: of the VM. Rejects with `relay-holder` where no process can be started. */
export async function holdSocket(socket: Socket, program: string, uuid: string): Promise<SocketHolder> {
  const child = spawn(process.execPath, [program, 'hold', uuid], { detached: true, stdio: ['pipe', 'ignore', 'ignore', socket], env: {} })
  const stdin = child.stdin as Writable
  stdin.on('error', () => {})
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (thrown) => reject(new Failure('relay-holder', 'The connection of QEMU could not be given a second holder.', { evidence: thrown.message, cause: thrown })))
  })
  child.unref()
  let isReleased = false
  return {
    pid: child.pid as number,
    markSafe: () => void stdin.write(Buffer.from([words.safe])),
    release() {
      if (isReleased) return
      isReleased = true
      stdin.end(Buffer.from([words.done]))
    },
  }
}

/**
 * The holder's own process: does nothing while the agent lives, for both would read from the same stream. When the agent has died without a word it takes the socket over: tells QEMU
 * that all is safe if the agent had said so, throws away what comes, and stays until QEMU itself hangs up. In the midst of the memory (`isMidway`) it lets go, so that the post-copy pauses and can be resumed.
 */
export async function hold(isMidway: () => Promise<boolean>): Promise<void> {
  process.on('SIGHUP', () => {})
  process.on('SIGINT', () => {})
  let isSafe = false
  let isDone = false
  process.stdin.on('data', (chunk: Buffer) => {
    if (chunk.includes(words.safe)) isSafe = true
    if (chunk.includes(words.done)) isDone = true
  })
  await new Promise<void>((resolve) => process.stdin.once('close', () => resolve()).resume())
  if (isDone || (!isSafe && (await isMidway()))) return
  const socket = new Socket({ fd: socketNumber, readable: true, writable: true, allowHalfOpen: true })
  socket.on('error', () => {})
  if (isSafe) socket.write(shutMessage())
  await new Promise<void>((resolve) => {
    socket.once('end', () => resolve())
    socket.once('close', () => resolve())
    socket.resume()
  })
  socket.destroy()
}
