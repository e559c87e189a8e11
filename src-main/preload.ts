import { ipcRenderer } from 'electron'

// The page makes a channel and posts one end of it to itself; a port cannot cross the context bridge, but this script may pass it on. It knows no feature.
window.addEventListener('message', (event) => {
  const [port] = event.ports
  if (event.source !== window || event.origin !== location.origin || event.data !== 'drover-port' || !port) return
  ipcRenderer.postMessage('drover-port', null, [port])
})
