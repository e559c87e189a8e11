import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { moveSamples, type MoveSamples } from '../contract/job.ts'

const columns = Object.keys(moveSamples.shape) as (keyof MoveSamples)[]

/** Samples without rows. */
export function noSamples(): MoveSamples {
  return Object.fromEntries(columns.map((column) => [column, []])) as unknown as MoveSamples
}

/** Appends the rows of `more` to `samples`, in place. */
export function appendSamples(samples: MoveSamples, more: MoveSamples): void {
  for (const column of columns) {
    const into: unknown[] = samples[column]
    for (const value of more[column]) into.push(value)
  }
}

/** Columns as deflated JSON: a row takes a few dozen bytes, and a version with other columns can still read it. */
export function packSamples(samples: MoveSamples): Uint8Array {
  return deflateRawSync(Buffer.from(JSON.stringify(samples)))
}

/** Reads {@link packSamples}. A column that was not known when it was written is filled with nulls or zeros as its schema allows. Throws on damage. */
export function unpackSamples(data: Uint8Array): MoveSamples {
  const raw = JSON.parse(inflateRawSync(data).toString()) as Partial<Record<keyof MoveSamples, unknown[]>>
  const rows = raw.t?.length ?? 0
  for (const column of columns) raw[column] ??= Array<unknown>(rows).fill(moveSamples.shape[column].safeParse([null]).success ? null : 0)
  return moveSamples.parse(raw)
}
