import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { Failure } from '../../base/failure.ts'
import { connectUnix } from '../libvirt-socket.ts'

function inodeOf(path: string): number | null {
  return lstatSync(path, { throwIfNoEntry: false })?.ino ?? null
}

function unlinkOr(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Not there.
  }
}

/** A listening Unix socket of mode 0600. `isOurs` is false once another process took the name. */
export interface SocketListener {
  readonly isOurs: () => boolean
  close(): void
}

/**
 * Listens on `name` in the working directory (a relative name: a socket's path may have 107 bytes at most, a home folder more).
 * Binds aside and links the name into place, so that of two that start at once only one gets it; a dead one's name is taken over.
 * Rejects with `agent-already-serving` when a living one has it.
 */
export async function listenOnSocket(name: string, accept: (socket: Socket) => void): Promise<SocketListener> {
  const aside = `${name}.${process.pid}`
  unlinkOr(aside)
  const server: Server = createServer({ allowHalfOpen: false }, accept)
  const mask = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(aside, resolve)
    })
  } finally {
    process.umask(mask)
  }
  const own = inodeOf(aside)
  try {
    for (let isPlaced = false; !isPlaced; ) {
      try {
        linkSync(aside, name)
        isPlaced = true
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
        await removeDead(name)
      }
    }
  } catch (thrown) {
    server.close()
    throw thrown
  } finally {
    unlinkOr(aside)
  }
  const isOurs = () => inodeOf(name) === own
  return {
    isOurs,
    close() {
      if (isOurs()) unlinkOr(name)
      server.close()
    },
  }
}

/** Removes the name if nobody listens behind it. */
async function removeDead(name: string): Promise<void> {
  const seen = inodeOf(name)
  try {
    const socket = await connectUnix(name)
    socket.destroy()
  } catch {
    const grave = `${name}.${process.pid}.dead`
    try {
      renameSync(name, grave)
    } catch {
      return
    }
    // Another one may have put itself in place meanwhile: then that is what was moved, and it goes back.
    if (inodeOf(grave) !== seen) linkSync(grave, name)
    unlinkOr(grave)
    return
  }
  throw new Failure('agent-already-serving', 'Another agent already serves this host.')
}
