import { spawn } from 'node:child_process'
import { openSync, closeSync, readFileSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { quoted, run } from './command.ts'
import type { LabPlaces } from './places.ts'
import { allProcesses, processInfo, type ProcessInfo } from './processes.ts'
import { until } from './waiting.ts'

/** The processes at the root of a lab, and the pipe whose end is the lab's end. */
export interface Keeper {
  readonly shell: ProcessInfo
  readonly init: ProcessInfo
  /** Lets the lab outlive this process. */
  release(): void
  /** Closes the pipe of a lab that has ended. */
  close(): void
}

/**
 * Starts the lab's namespaces and their init. The lab ends when this process does, however it does, unless it was released before:
 * its init reads a pipe that only this process can write to.
 */
export async function startKeeper(places: LabPlaces, init: string, signal?: AbortSignal): Promise<Keeper> {
  await run(['mkfifo', '-m', '600', places.control])
  writeFileSync(`${places.root}/switch.sh`, switchScript(places), { mode: 0o700 })
  writeFileSync(`${places.root}/keeper.sh`, keeperScript(places, init), { mode: 0o700 })
  const log = openSync(places.log, 'a', 0o600)
  const child = spawn('/bin/sh', [`${places.root}/keeper.sh`], { detached: true, stdio: ['pipe', log, log], cwd: '/' })
  closeSync(log)
  child.unref()
  const pipe = child.stdin as unknown as Socket
  // The pipe must not keep the owner's event loop alive; the kernel closes it with the process.
  pipe.unref()
  pipe.on('error', () => {})
  const pid = child.pid ?? 0
  const found = await until(
    'The start of the lab',
    () => {
      const all = allProcesses()
      const shell = all.find((info) => info.pid === pid)
      const unshare = all.find((info) => info.parent === pid)
      const labInit = unshare && all.find((info) => info.parent === unshare.pid && info.argv[0] === init)
      return shell && labInit && processInfo(labInit.pid) ? { shell, init: labInit } : null
    },
    { deadlineMs: 10_000, everyMs: 10, signal, evidence: () => readFileSync(places.log, 'utf8').slice(-1000) },
  )
  await until('The switch of the lab', () => readFileSync(places.log, 'utf8').includes('switch ready'), {
    deadlineMs: 10_000,
    everyMs: 10,
    signal,
    evidence: () => readFileSync(places.log, 'utf8').slice(-1000),
  })
  return { ...found, release: () => void pipe.end('s'), close: () => void pipe.destroy() }
}

/** Outside the lab's namespaces: waits for their end, then removes the lab's files. */
function keeperScript(places: LabPlaces, init: string): string {
  const command = [init, '--owner', '0', '--control', places.control, '/bin/sh', `${places.root}/switch.sh`]
  return `#!/bin/sh
unshare --mount --pid --net --ipc --uts --mount-proc --fork --kill-child=KILL -- ${command.map(quoted).join(' ')}
rm -rf --one-file-system ${quoted(places.root)}
rmdir --ignore-fail-on-non-empty ${quoted(places.root.slice(0, places.root.lastIndexOf('/')))} 2>/dev/null
`
}

/** Inside: a /run of the lab's own, so that its named network namespaces are seen by nobody else, and the bridge that all cables go to. */
function switchScript(places: LabPlaces): string {
  return `#!/bin/sh
set -e
mount -t tmpfs -o mode=755 run /run
ip link set lo up
ip link add br0 type bridge forward_delay 0 mcast_snooping 0
ip link set br0 up
echo switch ready >>${quoted(places.log)}
`
}
