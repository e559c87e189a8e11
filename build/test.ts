import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuilt, root } from './output.ts'
import { ensurePrerequisites } from './prerequisites.ts'
import { ended } from './processes.ts'
import { addTallies, emptyTally, isExcusable, type Tally } from './tally.ts'

// `npm test [-- --long]`: prepares the machine, builds, and runs the tiers one after another. The very last line is `N passed, N failed, N skipped`.

const isLong = process.argv.includes('--long')
const tiers = ['unit', 'lab', 'e2e', ...(isLong ? ['lab-long'] : [])]

/** Minutes after which a tier is taken to hang: a test that never yields cannot be timed out by vitest itself. */
const limitMinutes: Record<string, number> = { unit: 12, lab: 20, e2e: 15, 'lab-long': 300 }

/** Runs one project of vitest. A run that ends without a tally, or badly in spite of it, is one failure more. */
async function runTier(tier: string, folder: string): Promise<Tally> {
  const file = join(folder, `${tier}.json`)
  console.log(`\n== ${tier}`)
  const words = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', tier, '--passWithNoTests', '--reporter=default', `--reporter=${join(root, 'build/tally.ts')}`]
  const child = spawn(process.execPath, words, { cwd: root, stdio: 'inherit', env: { ...process.env, DROVER_TALLY: file } })
  const stop = () => child.kill('SIGTERM')
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  const late = setTimeout(() => {
    console.error(`The tier ${tier} took longer than ${limitMinutes[tier]} minutes.`)
    stop()
    setTimeout(() => child.kill('SIGKILL'), 30_000).unref()
  }, (limitMinutes[tier] ?? 15) * 60_000)
  const { code, signal } = await ended(child)
  clearTimeout(late)
  process.off('SIGINT', stop)
  process.off('SIGTERM', stop)
  const tally = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Tally) : emptyTally
  if (code === 0 || tally.failed > 0) return tally
  console.error(`vitest ended with ${signal ?? code}.`)
  return { ...tally, failed: tally.failed + 1 }
}

function report(all: Tally): void {
  console.log('\n== seconds per suite')
  for (const { file, seconds } of [...all.suites].sort((a, b) => b.seconds - a.seconds)) console.log(`${seconds.toFixed(1).padStart(8)}  ${file}`)
  if (all.skipped.length === 0) return
  console.log('\n== skipped')
  for (const { test, why } of all.skipped) console.log(`  ${test}: ${why}`)
}

async function main(): Promise<Tally> {
  const startedAt = Date.now()
  const folder = mkdtempSync(join(tmpdir(), 'drover-test-'))
  let all = emptyTally
  try {
    const { missing } = await ensurePrerequisites()
    for (const { what, install } of missing) console.log(`Missing: ${what}. Install it with: ${install}`)
    await ensureBuilt()
    for (const tier of tiers) all = addTallies(all, await runTier(tier, folder))
  } catch (thrown) {
    console.error(thrown)
    all = { ...all, failed: all.failed + 1 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  report(all)
  const inexcusable = process.env['CI'] === 'true' ? all.skipped.filter((skip) => !isExcusable(skip)) : []
  if (inexcusable.length > 0) console.log(`\nWith CI=true a skip is a failure: ${inexcusable.length} of them.`)
  console.log(`\n${((Date.now() - startedAt) / 1000).toFixed(0)} s in all`)
  return { ...all, failed: all.failed + inexcusable.length, skipped: all.skipped.filter((skip) => !inexcusable.includes(skip)) }
}

const all = await main()
console.log(`${all.passed} passed, ${all.failed} failed, ${all.skipped.length} skipped`)
process.exitCode = all.failed > 0 ? 1 : 0
