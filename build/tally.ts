import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'

/** What a run of vitest came to, as the orchestrator reads it. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly { readonly test: string; readonly why: string }[]
  readonly suites: readonly { readonly file: string; readonly seconds: number }[]
}

export const emptyTally: Tally = { passed: 0, failed: 0, skipped: [], suites: [] }

export function addTallies(one: Tally, other: Tally): Tally {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: [...one.skipped, ...other.skipped],
    suites: [...one.suites, ...other.suites],
  }
}

/** Only what needs Electron's binary may be skipped where every skip is a failure. */
export function isExcusable({ test }: Tally['skipped'][number]): boolean {
  return /electron/i.test(test)
}

function tallyModule(module: TestModule): Tally {
  const file = relative(process.cwd(), module.moduleId)
  let passed = 0
  let failed = module.errors().length > 0 ? 1 : 0
  const skipped: { test: string; why: string }[] = []
  // A failed hook fails its suite; the tests that it kept from running count as nothing else.
  for (const suite of module.children.allSuites()) if (suite.errors().length > 0) failed++
  for (const test of module.children.allTests()) {
    const result = test.result()
    if (result.state === 'passed') passed++
    else if (result.state === 'failed') failed++
    else skipped.push({ test: `${file} > ${test.fullName}`, why: (result.state === 'skipped' && result.note) || 'no reason given' })
  }
  const { duration, environmentSetupDuration, prepareDuration, collectDuration, setupDuration } = module.diagnostic()
  const seconds = (duration + environmentSetupDuration + prepareDuration + collectDuration + setupDuration) / 1000
  return { passed, failed, skipped, suites: [{ file, seconds }] }
}

/** Writes the tally of a run as JSON to the file named by DROVER_TALLY. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<unknown>): void {
    const path = process.env['DROVER_TALLY']
    if (!path) return
    const all = modules.map(tallyModule).reduce(addTallies, emptyTally)
    writeFileSync(path, JSON.stringify({ ...all, failed: all.failed + unhandled.length } satisfies Tally))
  }
}
