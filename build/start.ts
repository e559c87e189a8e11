import { downloadElectron, findElectron } from './electron-binary.ts'
import { ensureBuilt } from './output.ts'
import { hasDisplay, runBrowserShell, runElectron, whyNotElectron, type Machine } from './shells.ts'

// `npm start [-- --profile=DIR]`: opens Drover in Electron where that is possible, else in the browser, and never hangs on a download. In this order: DROVER_SHELL
// if set; root, or no display: browser; Electron's binary is there: Electron; else it is fetched, within limits; whatever fails ends in the browser.

async function start(words: readonly string[]): Promise<number> {
  const machine: Machine = { platform: process.platform, uid: process.getuid?.(), env: process.env }
  const shell = process.env['DROVER_SHELL'] || null
  if (shell !== null && shell !== 'electron' && shell !== 'browser') {
    console.error(`DROVER_SHELL is "${shell}"; it can be "electron" or "browser".`)
    return 1
  }
  await ensureBuilt()
  const inBrowser = () => runBrowserShell([...(hasDisplay(machine) ? ['--open'] : []), ...words])
  if (shell === 'browser') return inBrowser()
  const because = shell === 'electron' ? null : whyNotElectron(machine)
  if (because) {
    console.log(`Starting in the browser: ${because}.`)
    return inBrowser()
  }

  let why: string | null = null
  if (!findElectron()) {
    console.log('Fetching Electron, once …')
    why = await downloadElectron()
  }
  const executable = findElectron()
  if (executable) {
    const outcome = await runElectron(executable, words)
    if (typeof outcome === 'number') return outcome
    why = outcome.why
  }
  const sentence = `Electron could not be started: ${why ?? 'its binary is missing'}`
  if (shell === 'electron') {
    console.error(`${sentence}.`)
    return 1
  }
  console.log(`${sentence}. Starting in the browser.`)
  return inBrowser()
}

process.exitCode = await start(process.argv.slice(2))
