import { z } from 'zod'

/** How bad a finding is: an error blocks, a warning allows, a note informs. */
export const severity = z.enum(['error', 'warning', 'note'])

/**
 * A failure as a person reads it. `code` is stable and documented in resources/guide; `message` is one sentence;
 * `evidence` is what was seen, verbatim where that helps and never secret; `next` is what the reader can do now.
 */
export const problem = z.object({
  code: z.string(),
  message: z.string(),
  evidence: z.string().optional(),
  next: z.string().optional(),
})
export type Problem = z.infer<typeof problem>

/** Errors that any procedure may answer with; `data` carries the problem. */
export const problems = { PROBLEM: { status: 422, data: problem } } as const
