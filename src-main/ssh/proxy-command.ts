import { spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import { Failure } from '../base/failure.ts'

/**
 * Runs a ProxyCommand by the user's shell, as OpenSSH does (`exec` before it, so that the program itself is what gets the signal), and gives its
 * standard input and output as one stream. Destroying the stream ends the program; its end destroys the stream with what it wrote to stderr.
 */
export function runProxyCommand(command: string, host: string, environment: NodeJS.ProcessEnv = process.env): Duplex {
  const child = spawn(environment['SHELL'] || '/bin/sh', ['-c', `exec ${command}`], { stdio: ['pipe', 'pipe', 'pipe'], env: environment })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000)
  })
  const stream = new Duplex({
    read: () => void child.stdout.resume(),
    // A broken pipe is not reported here: why the program ended is, as soon as it has.
    write: (chunk, _encoding, callback) =>
      void child.stdin.write(chunk, (error) => {
        if (!error) callback()
      }),
    final: (callback) => void child.stdin.end(() => callback()),
    destroy: (error, callback) => {
      child.stdin.destroy()
      child.stdout.destroy()
      child.stderr.destroy()
      child.kill('SIGTERM')
      callback(error)
    },
  })
  stream.on('error', () => {})
  child.stdin.on('error', () => {})
  child.stdout.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) child.stdout.pause()
  })
  const ended = (evidence: string) => {
    if (!stream.destroyed) stream.destroy(new Failure('host-unreachable', `The ProxyCommand for ${host} ended.`, { evidence }))
  }
  child.once('error', (error) => ended(error.message))
  // 'close' comes after all output, so that the last words are in the evidence.
  child.once('close', (code, signal) => ended(`${signal ?? `exit status ${code}`}${complaint ? `: ${complaint.trim()}` : ''}`))
  return stream
}
