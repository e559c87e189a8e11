import { join, resolve } from 'node:path'
import { app, type BrowserWindow } from 'electron'
import { createLog } from './base/log.ts'
import { profileFolder } from './base/profile-folder.ts'
import { noSecrets } from './base/secrets.ts'
import { watchJobs } from './electron/job-watch.ts'
import { setMenu } from './electron/menu.ts'
import { notifyOfEnd, notifyOfRun } from './electron/notifications.ts'
import { declarePageScheme, servePage } from './electron/page.ts'
import { acceptPorts } from './electron/port.ts'
import { mayQuit } from './electron/quit.ts'
import { keyringSecrets } from './electron/secrets.ts'
import { lockDownSession, openWindow } from './electron/window.ts'
import { Profile } from './owner/profile.ts'
import { createServices } from './services.ts'
import { version } from './version.ts'

/** The value of `--name=value` on the command line. */
function given(name: string): string | undefined {
  return process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
}

const folder = profileFolder(given('profile'))
const isDeveloping = !app.isPackaged
const devServer = isDeveloping ? process.env['ELECTRON_RENDERER_URL'] : undefined
const out = resolve(import.meta.dirname, '..')
// Only from a checkout may another page be shown: tests of the shell have one of their own.
const pageFolder = (isDeveloping ? given('page') : undefined) ?? join(out, 'renderer')

// Chromium's own switch stays the user's: root cannot run it sandboxed, and build/start.ts takes the browser shell there.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
app.setPath('userData', join(folder, 'electron'))
declarePageScheme()

// One process per profile shows windows; a second start brings the first one's to the front.
if (!app.requestSingleInstanceLock()) app.exit(0)
else void app.whenReady().then(start)

function start(): void {
  const log = createLog('drover')
  const leaving = new AbortController()
  const profile = new Profile({
    folder,
    version,
    caller: { shell: 'electron' },
    log,
    createServices: () => createServices({ profile: folder, version, secrets: keyringSecrets(join(folder, 'secrets.json')) ?? noSecrets, log }),
  })
  let window: BrowserWindow | null = null
  let isLeaving = false

  const show = () => {
    window ??= open()
    if (window.isMinimized()) window.restore()
    window.focus()
  }
  const open = () => {
    const opened = openWindow({ preload: join(out, 'preload', 'preload.cjs'), stateFile: join(folder, 'window.json'), isDeveloping })
    opened.on('closed', () => (window = null))
    opened.on('close', (event) => {
      // The question is asked while the window is still there; on macOS the program goes on without it.
      if (isLeaving || process.platform === 'darwin') return
      event.preventDefault()
      app.quit()
    })
    return opened
  }

  lockDownSession()
  setMenu({ isDeveloping })
  servePage(pageFolder, devServer)
  acceptPorts(() => profile.connect())
  const jobs = watchJobs(() => profile.connect(), leaving.signal)
  jobs.onDidEnd((job) => notifyOfEnd(job, window))
  jobs.onDidEndRun((run) => notifyOfRun(run, window))

  let isAsking = false
  app.on('before-quit', (event) => {
    if (isLeaving) return
    event.preventDefault()
    if (isAsking) return
    isAsking = true
    // Only the owner's going can cost a move anything.
    const isOwner = profile.role.kind === 'owner'
    void mayQuit(isOwner ? jobs.running() : [], isOwner ? jobs.openRuns() : [], window).then(async (isWanted) => {
      isAsking = false
      if (!isWanted) return
      isLeaving = true
      leaving.abort()
      window?.close()
      await profile.close()
      app.exit(0)
    })
  })
  app.on('second-instance', show)
  app.on('activate', show)
  app.on('window-all-closed', () => app.quit())
  show()
}
