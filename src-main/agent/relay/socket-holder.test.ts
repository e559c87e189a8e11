import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

// Three processes a test, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

/** On a machine that may be busy. */
const soon = (probe: () => boolean) => expect.poll(probe, { timeout: 20_000 }).toBe(true)

let folder: string
let child: ChildProcess | null = null
const module = new URL('./socket-holder.ts', import.meta.url).href

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'holder-'))))
afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

/** An agent of which nothing but its socket is of interest: it takes QEMU's connection, gives it a holder, and says the holder's number. */
async function agent(word: '' | 'safe' | 'release' | 'midway'): Promise<{ qemu: Socket; holder: number; heard: Buffer[] }> {
  const program = join(folder, 'agent.mjs')
  writeFileSync(
    program,
    `import { hold, holdSocket } from ${JSON.stringify(module)}
import { createServer } from 'node:net'
if (process.argv[2] === 'hold') { await hold(() => Promise.resolve(${word === 'midway'})); process.exit(0) }
const server = createServer(async (socket) => {
  const holder = await holdSocket(socket, ${JSON.stringify(program)}, '00000000-0000-4000-8000-000000000000')
  if (${JSON.stringify(word)} === 'safe') holder.markSafe()
  if (${JSON.stringify(word)} === 'release') holder.release()
  console.log(JSON.stringify({ holder: holder.pid }))
}).listen(0, '127.0.0.1', () => console.log(JSON.stringify(server.address())))
`,
  )
  child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  let text = ''
  child.stdout!.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    lines.splice(0, lines.length, ...text.split('\n').slice(0, -1))
  })
  await soon(() => lines.length >= 1)
  const qemu = connect({ host: '127.0.0.1', port: (JSON.parse(lines[0]!) as AddressInfo).port })
  const heard: Buffer[] = []
  qemu.on('data', (chunk: Buffer) => heard.push(chunk))
  await once(qemu, 'connect')
  await soon(() => lines.length >= 2)
  return { qemu, holder: (JSON.parse(lines[1]!) as { holder: number }).holder, heard }
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function killAgent(): Promise<void> {
  const gone = once(child!, 'exit')
  child!.kill('SIGKILL')
  await gone
}

test('the agent is killed when everything was safe: QEMU is told SHUT, sees no break, and the holder goes when QEMU does', async () => {
  const { qemu, holder, heard } = await agent('safe')
  await killAgent()
  await soon(() => Buffer.concat(heard).length === 8)
  expect(Buffer.concat(heard).toString('hex')).toBe('0001000400000000')
  expect(qemu.destroyed).toBe(false)
  expect(isAlive(holder)).toBe(true)
  qemu.end()
  await soon(() => !isAlive(holder))
})

test('the agent is killed before everything was safe: QEMU hears nothing and sees no break', async () => {
  const { qemu, holder, heard } = await agent('')
  await killAgent()
  await new Promise((resolve) => qemu.write(Buffer.alloc(4_000_000), resolve))
  expect(heard).toEqual([])
  expect(qemu.readableEnded).toBe(false)
  qemu.end()
  await soon(() => !isAlive(holder))
})

test('the agent is killed in the midst of the memory: QEMU sees the break, and can be resumed', async () => {
  const { qemu, holder } = await agent('midway')
  qemu.on('error', () => {})
  const closed = once(qemu, 'close')
  await killAgent()
  await closed
  await soon(() => !isAlive(holder))
})

test('released, the holder ends and the connection is the agent’s alone again', async () => {
  const { qemu, holder } = await agent('release')
  await soon(() => !isAlive(holder))
  const closed = once(qemu, 'close')
  await killAgent()
  await closed
})
