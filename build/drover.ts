import { ensureBuilt } from './output.ts'
import { runCommandLine } from './shells.ts'

// `npm run -s drover -- WORDS`: the command line from a checkout.
await ensureBuilt()
process.exitCode = await runCommandLine(process.argv.slice(2))
