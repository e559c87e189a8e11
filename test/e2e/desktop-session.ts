import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const notificationDaemon = '/usr/lib/notification-daemon/notification-daemon'

/** What a test of a desktop's services needs and this machine lacks; null when all is there. */
export const whyNoDesktop = (() => {
  const programs = ['dbus-daemon', 'dbus-monitor', 'gnome-keyring-daemon', 'openbox', 'xdotool'].filter((name) => spawnSync('which', [name]).status !== 0)
  if (!existsSync(notificationDaemon)) programs.push('notification-daemon')
  return programs.length > 0 ? `without ${programs.join(', ')}` : null
})()

/** A window manager, a message bus with a keyring, and a service that shows notifications, as a desktop session has them. Whoever opens it closes it. */
export class DesktopSession {
  readonly env: Record<string, string>
  readonly #children: ChildProcess[]
  readonly #folder: string
  readonly #notes: string[] = []
  readonly #waiting = new Set<() => void>()

  private constructor(env: Record<string, string>, children: ChildProcess[], folder: string) {
    this.env = env
    this.#children = children
    this.#folder = folder
  }

  static async open(display: string): Promise<DesktopSession> {
    const folder = mkdtempSync(join(tmpdir(), 'drover-desktop-'))
    const bus = spawn('dbus-daemon', ['--session', '--nofork', '--print-address'], { stdio: ['ignore', 'pipe', 'ignore'] })
    const address = await new Promise<string>((resolve) => createInterface({ input: bus.stdout }).once('line', resolve))
    const env = { DBUS_SESSION_BUS_ADDRESS: address, XDG_DATA_HOME: folder, XDG_RUNTIME_DIR: folder, DISPLAY: display }
    const session = new DesktopSession(env, [bus], folder)
    session.#children.push(spawn('openbox', { env: { ...process.env, ...env }, stdio: 'ignore' }))
    await session.#keyring()
    await session.#notifications()
    return session
  }

  /** Resolves with the strings of a notification that has been asked for and contains `text`. */
  async notification(text: string): Promise<string> {
    for (;;) {
      const found = this.#notes.find((note) => note.includes(text))
      if (found) return found
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  close(): void {
    for (const child of this.#children.reverse()) child.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Unlocked with an empty password, as at a login. */
  async #keyring(): Promise<void> {
    const keyring = spawn('gnome-keyring-daemon', ['--foreground', '--unlock', '--components=secrets'], { env: { ...process.env, ...this.env }, stdio: ['pipe', 'ignore', 'ignore'] })
    this.#children.push(keyring)
    keyring.stdin.end('\n')
    await this.#owned('org.freedesktop.secrets')
  }

  async #notifications(): Promise<void> {
    this.#children.push(spawn(notificationDaemon, { env: { ...process.env, ...this.env }, stdio: 'ignore' }))
    await this.#owned('org.freedesktop.Notifications')
    const monitor = spawn('dbus-monitor', ['--session', "interface='org.freedesktop.Notifications',member='Notify'"], { env: { ...process.env, ...this.env }, stdio: ['ignore', 'pipe', 'ignore'] })
    this.#children.push(monitor)
    await new Promise<void>((resolve) => {
      let strings: string[] = []
      createInterface({ input: monitor.stdout }).on('line', (line) => {
        resolve()
        if (/^\S/.test(line)) strings = []
        const text = /^ {3}string "(.*)"$/.exec(line)?.[1]
        if (text !== undefined) strings.push(text)
        // Program, icon, summary and body come first, then the actions.
        if (!line.startsWith('   array [') || strings.length < 4) return
        this.#notes.push(strings.join('\n'))
        strings = []
        for (const wake of this.#waiting) wake()
        this.#waiting.clear()
      })
    })
  }

  /** Resolves when somebody on the bus answers to the name. The bus tells of it only those who listen, so it is asked. */
  async #owned(name: string): Promise<void> {
    const ask = ['--session', '--print-reply', '--dest=org.freedesktop.DBus', '/', 'org.freedesktop.DBus.NameHasOwner', `string:${name}`]
    while (!spawnSync('dbus-send', ask, { env: { ...process.env, ...this.env }, encoding: 'utf8' }).stdout.includes('boolean true')) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
