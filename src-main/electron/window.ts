import { BrowserWindow, nativeTheme, session } from 'electron'
import { isPage, pageOrigin } from './page.ts'
import { keepWindowState, readWindowState, smallest } from './window-state.ts'

/** The one thing that the page may do besides talking to Drover: put text on the clipboard. */
const allowedPermissions: readonly string[] = ['clipboard-sanitized-write']

/** Refuses the page everything that it does not need: permissions, devices, other pages, downloads but of its own making. Call once, when the app is ready. */
export function lockDownSession(): void {
  const { defaultSession } = session
  defaultSession.setPermissionRequestHandler((contents, permission, decide) => decide(isPage(contents.getURL()) && allowedPermissions.includes(permission)))
  defaultSession.setPermissionCheckHandler((contents, permission) => contents !== null && isPage(contents.getURL()) && allowedPermissions.includes(permission))
  defaultSession.setDevicePermissionHandler(() => false)
  // An export of the history is made in the page; Electron asks where to save it.
  defaultSession.on('will-download', (event, item) => {
    if (item.getURL().startsWith(`blob:${pageOrigin}/`)) item.setSaveDialogOptions({ defaultPath: item.getFilename() })
    else event.preventDefault()
  })
}

/** The page may start over, as it does to enter a demo lab and to leave it; nothing else may take its place. */
function stayOnPage(event: { readonly url: string; preventDefault(): void }): void {
  if (event.url.replace(/#.*$/, '') !== `${pageOrigin}/`) event.preventDefault()
}

/** Opens the window where it was last time. It never navigates away from the page, and opens no other. */
export function openWindow(options: { preload: string; stateFile: string; isDeveloping: boolean }): BrowserWindow {
  const { isMaximized, ...bounds } = readWindowState(options.stateFile)
  const window = new BrowserWindow({
    ...bounds,
    minWidth: Math.min(smallest.width, bounds.width ?? smallest.width),
    minHeight: Math.min(smallest.height, bounds.height ?? smallest.height),
    title: 'Drover',
    show: false,
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#16181d' : '#f7f8fa',
    webPreferences: {
      preload: options.preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
      devTools: options.isDeveloping,
      // A window behind another one still shows moves as they are when it comes to the front.
      backgroundThrottling: false,
    },
  })
  const contents = window.webContents
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  contents.on('will-navigate', stayOnPage)
  contents.on('will-redirect', (event) => event.preventDefault())
  contents.on('will-frame-navigate', stayOnPage)
  contents.on('will-attach-webview', (event) => event.preventDefault())
  window.once('ready-to-show', () => {
    if (isMaximized) window.maximize()
    window.show()
  })
  keepWindowState(window, options.stateFile)
  void window.loadURL(`${pageOrigin}/`)
  return window
}
