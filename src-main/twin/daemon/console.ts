import type { Frame } from '../../libvirt/wire/frame.ts'
import type { Disposable } from '../../base/disposable.ts'
import type { Daemon } from './daemon.ts'
import type { Domain } from './domain.ts'
import type { Session } from './session.ts'

/** Between lines of a guest that talks, virtual ms. */
const tickMs = 1000

/** The serial console of a guest: it echoes, and one that talks prints the time that it has lived. A line `verify` is answered as the lab's guest does. */
export function serveConsole(daemon: Daemon, domain: Domain, session: Session, call: Frame): void {
  const { clock } = daemon.world
  let isOver = false
  let timer: Disposable | null = null
  let line = ''
  const say = (text: string) => {
    if (!isOver) session.streamPacket(call, 'continue', Buffer.from(text))
  }
  const tick = () => {
    if (isOver) return
    if (domain.guest.isRunning) say(`TICK ${Math.round(clock.now / tickMs)} ${Math.round(clock.now * 1000)}\r\n`)
    timer = clock.after(tickMs, tick)
  }
  session.serveStream(call, {
    take(bytes) {
      if (bytes === null) return this.aborted()
      const text = bytes.toString('utf8')
      say(text.replaceAll('\n', '\r\n'))
      for (const sign of text) {
        if (sign !== '\n' && sign !== '\r') line += sign
        else if (line.trim() !== '') {
          say(line.trim() === 'verify' ? `VERIFIED pages=${domain.guest.pages} bad=0 bad_ever=0\r\n` : `${domain.name}: ${line.trim()}: command not found\r\n`)
          line = ''
        }
      }
    },
    aborted() {
      isOver = true
      timer?.dispose()
    },
  })
  // The reply goes first.
  setImmediate(() => {
    say(`${domain.name} login: \r\n`)
    if (domain.guest.about.talks) tick()
  })
}
