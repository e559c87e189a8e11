import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'rolldown'
import { root } from './output.ts'

// One call, one file: nothing external, nothing split, so that uploading the agent is uploading one file.
const file = join(root, 'out', 'agent', 'agent.mjs')
mkdirSync(join(root, 'out', 'agent'), { recursive: true })
await build({
  input: join(root, 'src-main', 'agent', 'main.ts'),
  platform: 'node',
  // The agent runs under a Node of ours; an unresolved import would fail on the host, so it fails here.
  onLog(level, log, report) {
    if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message)
    report(level, log)
  },
  output: { file, format: 'esm', codeSplitting: false, minify: false, sourcemap: false, banner: '#!/usr/bin/env node' },
})
console.log(`out/agent/agent.mjs ${(statSync(file).size / 1024).toFixed(0)} kB`)
