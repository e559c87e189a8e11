import { readdirSync } from 'node:fs'

/** A benchmark prints what it measures as it goes and answers its figures: ratios measured in one run. */
export type Bench = (words: readonly string[], signal: AbortSignal) => Promise<Record<string, unknown>>

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.slice(0, -'.bench.ts'.length))
const [name, ...words] = process.argv.slice(2)
if (!name || !names.includes(name)) {
  console.error(`Usage: npm run bench -- NAME\nBenchmarks: ${names.join(', ')}`)
  process.exit(2)
}
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)))
const { default: bench } = (await import(`./${name}.bench.ts`)) as { default: Bench }
const figures = await bench(words, stop.signal)
console.log(JSON.stringify(figures))
