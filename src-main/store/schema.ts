import type { Generated } from 'kysely'

/** The tables, as the last migration leaves them. Times are milliseconds since the epoch; `json` columns are checked with zod when read. */
export interface Schema {
  host: { id: string; address: string; json: string; created_at: number }
  setting: { key: string; json: string }
  job: {
    id: string
    state: string
    vm_uuid: string
    source: string
    destination: string
    created_at: number
    ended_at: number | null
    /** What the text filter looks in. */
    words: string
    json: string
  }
  /** A batch of samples per row; one row per job once it ended. */
  job_sample: { id: Generated<number>; job: string; rows: number; data: Uint8Array }
  job_log: { id: Generated<number>; job: string; t: number; level: string; text: string }
  /** Append-only. `kind` is `intent` or `done`. */
  journal: { id: Generated<number>; job: string; t: number; step: string; kind: string; detail: string | null }
  run: { id: string; created_at: number; ended_at: number | null; json: string }
  run_log: { id: Generated<number>; run: string; t: number; level: string; text: string }
  /** A batch of samples per row, as JSON. */
  run_sample: { id: Generated<number>; run: string; json: string }
  /** Append-only. `id` is that of its job; `words` is what the text filter looks in. */
  placement: { id: string; t: number; vm_uuid: string; source: string; destination: string; run: string | null; words: string; json: string }
}
