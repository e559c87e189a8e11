import type { ShellPage } from './main.ts'

declare global {
  interface Window {
    /** What shell-page/main.ts leaves for the tests. */
    shell: ShellPage
  }
}
