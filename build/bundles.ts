import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'rolldown'
import { root } from './output.ts'

/** Parts of ssh2 that it does without where they cannot be loaded. */
const optional = /^cpu-features$|\.node$/

/** One call, one file: nothing external, nothing split. The agent is uploaded as it is; the command line runs on the Node of a package, which cannot read the app's archive. */
async function bundle(input: string, output: string): Promise<void> {
  const file = join(root, 'out', output)
  mkdirSync(dirname(file), { recursive: true })
  await build({
    input: join(root, 'src-main', input),
    platform: 'node',
    external: optional,
    // ssh2 looks beside itself for a program that only Windows has.
    transform: { define: { __dirname: 'import.meta.dirname' } },
    // Both run under a Node of ours, far from node_modules; an unresolved import would fail there, so it fails here.
    onLog(level, log, report) {
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message)
      report(level, log)
    },
    output: { file, format: 'esm', codeSplitting: false, minify: false, sourcemap: false, banner: '#!/usr/bin/env node' },
  })
  chmodSync(file, 0o755)
  console.error(`out/${output} ${(statSync(file).size / 1024).toFixed(0)} kB`)
}

await bundle('agent/main.ts', 'agent/agent.mjs')
await bundle('cli.ts', 'cli/drover.mjs')
