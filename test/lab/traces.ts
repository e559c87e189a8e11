import { existsSync, readFileSync } from 'node:fs'
import { run } from './command.ts'
import type { LabState } from './lab-state.ts'
import { LabPlaces } from './places.ts'
import { allProcesses, isAlive, processesUnder, type ProcessInfo } from './processes.ts'

/** A running lab's processes, to be looked for after its end. */
export function processesOf(state: LabState): ProcessInfo[] {
  const all = allProcesses()
  return [...all.filter(({ pid }) => pid === state.keeper.pid), ...processesUnder(state.init.pid, all)]
}

/** What of a lab is still on the machine, in words; empty when it left nothing behind. `before` is what `processesOf` said while it ran. */
export async function tracesOf(state: LabState, before: readonly ProcessInfo[]): Promise<string[]> {
  const folder = new LabPlaces(state.name).root
  const links = await run(['ip', '-o', 'link'])
  const spaces = await run(['ip', 'netns', 'list'])
  return [
    ...(existsSync(folder) ? [`folder ${folder}`] : []),
    ...(links.includes(` ${state.interfaceName}@`) ? [`interface ${state.interfaceName}`] : []),
    ...spaces.split('\n').filter((line) => /^h\d+\b/.test(line)).map((line) => `network namespace ${line}`),
    ...readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(`${folder}/`)).map((line) => `mount ${line}`),
    ...before.filter(({ pid, startTime }) => isAlive(pid, startTime)).map(({ pid, name }) => `process ${pid} ${name}`),
    ...allProcesses().filter(({ argv }) => argv.some((word) => word.includes(`${folder}/`))).map(({ pid, name }) => `process ${pid} ${name}`),
  ]
}
