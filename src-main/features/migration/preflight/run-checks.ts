import type { Finding } from '../../../contract/migration.ts'
import { messageOf } from '../../../base/failure.ts'
import type { Check, PreflightContext } from './check.ts'

const order: Record<Finding['severity'], number> = { error: 0, warning: 1, note: 2 }

/** Runs all checks at once; the worst findings come first. Rejects only with the signal's reason. */
export async function runChecks(checks: readonly Check[], context: PreflightContext): Promise<Finding[]> {
  const findings = await Promise.all(
    checks.map(async (check): Promise<readonly Finding[]> => {
      try {
        return await check.run(context)
      } catch (thrown) {
        context.signal.throwIfAborted()
        return [unchecked(check, thrown)]
      }
    }),
  )
  return findings.flat().sort((a, b) => order[a.severity] - order[b.severity])
}

/** libvirt will refuse what cannot work, so a question without an answer warns and does not block. */
function unchecked(check: Check, thrown: unknown): Finding {
  return {
    code: 'check-failed',
    severity: 'warning',
    subject: check.subject,
    message: `Whether the ${check.subject} fits could not be found out.`,
    evidence: messageOf(thrown),
    next: 'libvirt checks once more when the move begins.',
  }
}
