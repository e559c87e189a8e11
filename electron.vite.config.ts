import { resolve } from 'node:path'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'

const root = import.meta.dirname

/** The kit's parts are imported by name, dense (28 px), on the one accent of ui/theme.css; the window sets light and dark itself. */
const dense = { defaultVariants: { size: 'sm' } } as const
const kit: NonNullable<Parameters<typeof ui>[0]> = {
  icon: { clientBundle: { scan: { globInclude: ['**/*.{vue,ts}'], globExclude: ['node_modules'] } } },
  colorMode: false,
  autoImport: false,
  components: false,
  ui: {
    colors: { primary: 'accent', info: 'accent', neutral: 'zinc', success: 'green', warning: 'amber', error: 'red' },
    button: dense,
    input: dense,
    inputNumber: dense,
    select: dense,
    selectMenu: dense,
    textarea: dense,
    formField: dense,
    checkbox: dense,
    switch: dense,
    radioGroup: dense,
  },
}

// electron-vite's own table of targets ends before our Electron, so every target is named here. Main stays at Node 20 because the browser shell's tests
// also run it under older Electrons; see CONTRIBUTING.md.
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      target: 'node20',
      sourcemap: true,
      rolldownOptions: {
        input: { index: resolve(root, 'src-main/index.ts'), serve: resolve(root, 'src-main/serve.ts') },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      // electron-vite takes nothing else here; the script uses nothing that is younger than any Chromium of ours.
      target: 'node20',
      // A sandboxed preload script can require nothing but electron: all else is bundled.
      externalizeDeps: false,
      rolldownOptions: { input: { preload: resolve(root, 'src-main/preload.ts') }, output: { format: 'cjs', entryFileNames: '[name].cjs' } },
    },
  },
  renderer: {
    root: resolve(root, 'src-renderer'),
    base: './',
    // Icons and fonts are bundled, never fetched: the page may talk to nobody but Drover.
    plugins: [vue(), ui(kit)],
    build: {
      outDir: resolve(root, 'out/renderer'),
      target: 'chrome130',
      rolldownOptions: { input: { index: resolve(root, 'src-renderer/index.html') } },
    },
  },
})
