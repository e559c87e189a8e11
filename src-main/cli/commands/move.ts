import { randomUUID } from 'node:crypto'
import { Stop, exitCodes, type ExitCode } from '../exit-code.ts'
import { readCluster } from '../cluster-view.ts'
import type { Command } from '../command.ts'
import { depotLines, depotsOf } from '../depots.ts'
import { bytes, range, seconds } from '../figures.ts'
import { watchMove } from '../watch-move.ts'
import { moveOptions, type MoveOptions, type MovePlan, type Preflight } from '../../contract/migration.ts'
import type { Settings } from '../../contract/settings.ts'
import type { VmView } from '../../contract/vm.ts'

export interface MoveWords {
  readonly technique?: 'precopy' | 'postcopy' | 'hybrid' | 'scatter'
  readonly replicas?: string
  readonly depot?: readonly string[]
  readonly storage: 'none' | 'full' | 'incremental'
  readonly bandwidth?: number
  readonly downtime?: number
  readonly autoConverge?: boolean
  readonly driver: 'auto' | 'agent' | 'app'
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** `drover move VM HOST`: asks both hosts, shows what they say, and moves the VM. */
export async function moveVm({ session, terminal, signal, onInterrupt }: Command, words: { readonly vm: string; readonly host: string }, options: MoveWords): Promise<ExitCode> {
  const view = await readCluster(session, terminal, signal)
  const [vm, host] = [view.vm(words.vm), view.host(words.host)]
  const client = await session.client(signal)
  const plan: MovePlan = { vm: vm.ref, destination: host.record.id, options: optionsOf(vm, options, await client.settings.get(undefined, { signal }), depotsOf(options, view)) }
  terminal.progress(`Asking ${view.hosts.get(vm.ref.host)?.name} and ${host.name} …`, 'asking')
  const [answer] = await client.migration.preflight({ plans: [plan] }, { signal })
  if (!answer) throw new Error('No answer.')
  for (const line of describe(answer, vm.name, host.name)) terminal.say(line)
  if (answer.verdict === 'blocked') throw new Stop(exitCodes.refused, `${vm.name} cannot move to ${host.name}.`)
  if (options.dryRun) {
    terminal.result(`${vm.name} can move to ${host.name}.`, answer)
    return exitCodes.done
  }
  const isWanted = options.yes || (await terminal.confirm(`Move ${vm.name} to ${host.name}?`, { what: `Nothing was moved: --yes is needed to move ${vm.name} without being asked.`, signal }))
  if (!isWanted) throw new Stop(exitCodes.cancelled, 'Nothing was moved.')
  const id = randomUUID()
  await client.migration.start({ moves: [{ job: id, plan }] }, { signal })
  return watchMove(id, { session, terminal, signal, onInterrupt })
}

function optionsOf(vm: VmView, words: MoveWords, settings: Settings, depots: readonly string[] | null): MoveOptions {
  const isOff = vm.state === 'off' || vm.state === 'crashed'
  return moveOptions.parse({
    technique: isOff ? 'offline' : (words.technique ?? settings.defaultTechnique),
    storage: words.storage,
    autoConverge: words.autoConverge,
    replicas: words.replicas === undefined ? undefined : Number(words.replicas),
    depots,
    bandwidthMiBps: words.bandwidth ?? settings.defaultBandwidthMiBps,
    downtimeMs: words.downtime ?? settings.defaultDowntimeMs,
    driver: words.driver,
  })
}

const marks = { error: 'blocked', warning: 'warning', note: 'note' } as const

function describe({ findings, forecast, route, risk, depots }: Preflight, vm: string, host: string): string[] {
  const lines = findings.flatMap(({ severity, message, evidence, next }) => [
    `${marks[severity]}: ${message}`,
    ...(evidence === undefined ? [] : [`    ${evidence}`]),
    ...(next === undefined || severity === 'note' ? [] : [`    ${next}`]),
  ])
  if (forecast) {
    const converges = { yes: 'converges', no: 'does not converge', unsure: 'may not converge' }[forecast.converges]
    lines.push(`${vm} to ${host}: ${range(forecast.seconds, seconds)}, stands still ${range(forecast.downtimeMs, (ms) => `${Math.round(ms)} ms`)}, sends ${range(forecast.bytes, bytes)}, ${converges}.`)
  }
  if (forecast?.sourceFreeSeconds) lines.push(`The source is free after ${range(forecast.sourceFreeSeconds, seconds)}. ${forecast.promise ?? ''}`.trim())
  if (depots?.length) lines.push('Depots:', ...depotLines(depots))
  if (route) lines.push(`Network: ${route.address}${route.via ? ` by ${route.via}` : ''} (${route.origin}).`)
  lines.push(risk)
  return lines
}
