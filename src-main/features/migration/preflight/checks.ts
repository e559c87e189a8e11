import type { Check } from './check.ts'

/** Every question that preflight asks. */
export const checks: readonly Check[] = []
