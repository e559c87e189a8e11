import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { run } from './command.ts'
import { readLabState, type LabState } from './lab-state.ts'
import { Lab } from './lab.ts'
import { processesOf, tracesOf } from './traces.ts'
import { until } from './waiting.ts'

const name = `life-${process.pid % 100_000}`
const cli = (...words: string[]) => run([process.execPath, join(import.meta.dirname, 'cli.ts'), ...words, '--name', name, '--json'])
const lastLine = (output: string) => JSON.parse(output.trim().split('\n').at(-1) ?? '') as Record<string, unknown>

function stateOf(): LabState {
  const state = readLabState(name)
  if (!state) throw new Error(`${name} has no state`)
  return state
}

describe('the life of a lab', () => {
  afterEach(async () => Lab.remove(name))

  it('ends with its owner, even one that is killed', async () => {
    const script = `import { Lab } from '${join(import.meta.dirname, 'lab.ts')}'
      await Lab.up({ name: '${name}', hosts: [{}] })
      console.log('up')
      setInterval(() => {}, 1000)`
    const owner = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(createInterface(owner.stdout), 'line')) as [string]
    expect(line).toBe('up')
    const state = stateOf()
    const before = processesOf(state)
    expect(before.length).toBeGreaterThan(5)
    owner.kill('SIGKILL')
    await until('the end of everything', async () => (await tracesOf(state, before)).length === 0, { deadlineMs: 20_000 })
  })

  it('outlives the command that brought it up, until the command that ends it', async () => {
    const up = lastLine(await cli('up', '1'))
    expect(up).toMatchObject({ name, running: true, hosts: [{ number: 1, name: `${name}-host1` }] })
    expect(lastLine(await cli('status'))).toMatchObject({ running: true, ssh: { configFile: expect.any(String) } })
    await expect(cli('up', '1')).rejects.toThrow()
    const state = stateOf()
    const before = processesOf(state)
    expect(lastLine(await cli('down'))).toEqual({ down: [name] })
    expect(await tracesOf(state, before)).toEqual([])
    expect(lastLine(await cli('status'))).toMatchObject({ running: false })
  })

  it('leaves nothing behind when the command that brings it up is killed half-way', async () => {
    const words = [join(import.meta.dirname, 'cli.ts'), 'up', '2', '--name', name]
    const command = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] })
    const ended = once(command, 'exit')
    const state = await until('the state of the lab', () => readLabState(name), { everyMs: 5 })
    const before = processesOf(state)
    command.kill('SIGKILL')
    await ended
    await until('the end of everything', async () => (await tracesOf(state, before)).length === 0, { deadlineMs: 20_000 })
  })

  it('begins anew over the remains of one that was killed together with its keeper', async () => {
    await using first = await Lab.up({ name, hosts: [{}] })
    const { state } = first
    const before = processesOf(state)
    process.kill(state.keeper.pid, 'SIGKILL')
    process.kill(state.init.pid, 'SIGKILL')
    await until('the end of the processes', async () => (await tracesOf(state, before)).every((trace) => !trace.startsWith('process')))
    expect((await tracesOf(state, before)).length).toBeGreaterThan(0)
    const second = await Lab.up({ name, hosts: [{}] })
    expect(second.host(0).isRunning).toBe(true)
    await second.down()
    expect(await tracesOf(second.state, [])).toEqual([])
  })
})
