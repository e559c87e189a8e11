import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { Failure } from '../../base/failure.ts'
import { connectUnix } from '../libvirt-socket.ts'

/** Starts the server in a session of its own, where no hang-up of SSH reaches it. Resolves when it listens, or found another that does. */
function startServer(program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, 'serve'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'], env: process.env })
    let said = ''
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (text: string) => {
      said += text
      if (said.includes('ready\n')) resolve()
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Failure('agent-start', 'The agent did not start.', { evidence: said.trim() || `exit ${code ?? signal}` })))
    child.unref()
  })
}

/** Whether an agent of this host answers; starts none. */
export async function isServing(socketName: string): Promise<boolean> {
  try {
    ;(await connectUnix(socketName)).destroy()
    return true
  } catch {
    return false
  }
}

/** Connects stdin and stdout with this host's agent, starting that where it is not running. Resolves when either end has gone. */
export async function bridge(program: string, socketName: string): Promise<void> {
  let socket: Socket
  try {
    socket = await connectUnix(socketName)
  } catch {
    await startServer(program)
    socket = await connectUnix(socketName)
  }
  await new Promise<void>((resolve) => {
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve())
    process.stdin.on('error', () => socket.destroy())
    process.stdout.on('error', () => socket.destroy())
    process.stdin.pipe(socket).pipe(process.stdout)
  })
}
