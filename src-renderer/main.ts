import { connectBackend } from './backend.ts'

const backend = connectBackend()
const root = document.getElementById('app')
backend.onDidChangeState((state) => {
  if (root) root.dataset['backend'] = state.kind
})
const info = await backend.client.settings.info()
if (root) root.textContent = `Drover ${info.version} (${info.shell})`
