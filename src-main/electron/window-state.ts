import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { screen, type BrowserWindow, type Rectangle } from 'electron'
import { z } from 'zod'

const windowState = z.object({ x: z.number().int(), y: z.number().int(), width: z.number().int(), height: z.number().int(), isMaximized: z.boolean() })
type WindowState = z.infer<typeof windowState>

export const smallest = { width: 1024, height: 640 }
const first = { width: 1440, height: 900 }

/** Where the window was when it was last closed, if a display still shows it there; else a size that fits, and the system's choice of place. */
export function readWindowState(path: string): Partial<Rectangle> & { isMaximized: boolean } {
  const { workAreaSize } = screen.getPrimaryDisplay()
  const fresh = { width: Math.min(first.width, workAreaSize.width), height: Math.min(first.height, workAreaSize.height), isMaximized: false }
  let found: WindowState
  try {
    found = windowState.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return fresh
  }
  // A hand's breadth of the title bar must be within reach.
  const isVisible = screen.getAllDisplays().some(({ workArea: area }) => {
    const isAcross = found.x + found.width > area.x + 100 && found.x < area.x + area.width - 100
    return isAcross && found.y >= area.y - 10 && found.y < area.y + area.height - 50
  })
  return isVisible ? found : { ...fresh, isMaximized: found.isMaximized }
}

/** Writes the window's place whenever it came to rest, so that it outlives a crash as well. A disk that is full costs the place, nothing else. */
export function keepWindowState(window: BrowserWindow, path: string): void {
  let timer: NodeJS.Timeout | undefined
  const write = () => {
    clearTimeout(timer)
    if (window.isDestroyed()) return
    const state: WindowState = { ...window.getNormalBounds(), isMaximized: window.isMaximized() }
    try {
      writeFileSync(`${path}.new`, JSON.stringify(state), { mode: 0o600 })
      renameSync(`${path}.new`, path)
    } catch {
      // Said above.
    }
  }
  const later = () => {
    clearTimeout(timer)
    timer = setTimeout(write, 500)
  }
  window.on('resize', later)
  window.on('move', later)
  window.on('close', write)
}
