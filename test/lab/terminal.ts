import { spawn } from 'node:child_process'
import type { Disposable } from '../../src-main/base/disposable.ts'
import type { LabHost } from './host.ts'

/** The far end of a guest's serial line, held open: QEMU drops what is typed on a pty that nobody holds open any more. */
export interface Terminal extends Disposable {
  type(text: string): void
}

/**
 * Opens a pty of the host without libvirt's help, so that it works while libvirtd is down. What the guest writes is read and dropped (virtlogd
 * keeps it all the same), for a full pty would stop the guest.
 */
export function openTerminal(host: LabHost, path: string): Terminal {
  const script = 'cat "$0" >/dev/null & exec cat >"$0"'
  const child = spawn('nsenter', ['-t', String(host.initPid()), '-m', '-u', '-i', '-n', '-p', '-r', '--', 'sh', '-c', script, path], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  child.on('error', () => {})
  child.stdin.on('error', () => {})
  return {
    type: (text) => void child.stdin.write(text),
    dispose() {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // Ended by itself in between.
      }
    },
  }
}
