import { connectBackend, type Backend } from '../../../src-renderer/backend.ts'

/** A page that is nothing but the client, for tests of the shells: it keeps what the connection went through, and the themes that came. */
export interface ShellPage {
  readonly backend: Backend
  readonly states: string[]
  readonly themes: string[]
  readonly drops: string[]
}

const backend = connectBackend()
const page: ShellPage = { backend, states: [], themes: [], drops: [] }
Object.assign(window, { shell: page })
backend.onDidChangeState((state) => page.states.push(state.kind))
backend.watch({
  open: (client, signal) => client.settings.watch(undefined, { signal }),
  onValue: ({ theme }) => page.themes.push(theme),
  onDrop: (thrown) => page.drops.push(String(thrown)),
})
