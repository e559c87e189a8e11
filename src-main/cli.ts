import { Command as Program, CommanderError, InvalidArgumentError, Option } from 'commander'
import { createLog } from './base/log.ts'
import { messageOf } from './base/failure.ts'
import { profileFolder } from './base/profile-folder.ts'
import { noSecrets } from './base/secrets.ts'
import { showHistory } from './cli/commands/history.ts'
import { addHost, listHosts } from './cli/commands/hosts.ts'
import { moveVm, type MoveWords } from './cli/commands/move.ts'
import { showPlan, type PlanWords } from './cli/commands/plan.ts'
import { carryOut, type RunWords } from './cli/commands/run.ts'
import { listVms } from './cli/commands/vms.ts'
import { exportForms, type ExportForm } from './contract/placement-export.ts'
import { exitCodeOf, exitCodes, type ExitCode } from './cli/exit-code.ts'
import { runCommand } from './cli/run-command.ts'
import { Profile } from './owner/profile.ts'
import { createServices } from './services.ts'
import { version } from './version.ts'
import type { Command } from './cli/command.ts'

// The command `drover`: a client of the process that owns the profile, or its owner until the moves that it began have ended.

const program = new Program('drover')
  .description('Move running VMs between libvirt hosts.')
  .version(version)
  .option('--profile <dir>', 'the profile’s folder (else DROVER_PROFILE, else the usual place for an application’s files)')
  .option('--json', 'print the result as one JSON document')
  .showHelpAfterError('(drover --help tells more)')
  .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 usage, 3 refused by the hosts or the plan, 4 no such host or VM, 5 not reachable,\n6 a question that needs a terminal, 7 done in part, 130 cancelled.')
  .exitOverride()

function number(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('A whole number above 0 is needed.')
  return value
}

let exit: ExitCode = exitCodes.done

/** Runs a command in the profile, and keeps its exit code. */
async function within(work: (command: Command) => Promise<ExitCode | void>): Promise<void> {
  const { profile: given, json } = program.opts<{ profile?: string; json?: boolean }>()
  const folder = profileFolder(given)
  const log = createLog('drover', process.env['DROVER_LOG'] ?? 'silent')
  const profile = new Profile({ folder, version, caller: { shell: 'cli' }, log, createServices: () => createServices({ profile: folder, version, secrets: noSecrets, log }) })
  exit = await runCommand(profile, { json: json ?? false }, work)
}

const dryRun = () => new Option('--dry-run', 'ask the hosts and show the answer, but move nothing')
const replicas = () => new Option('--replicas <n>', 'of technique scatter: hosts that hold each page on its way').choices(['1', '2', '3'])
const depot = () => new Option('--depot <host>', 'of technique scatter: a host that holds pages; may be given several times (else Drover picks them)').argParser((host: string, before: string[] = []) => [...before, host])
const yes = () => new Option('--yes', 'do not ask before it begins')

const hosts = program.command('hosts').description('list the hosts').action(() => within(listHosts))
hosts
  .command('add <address>')
  .description('add a host: an alias of ssh_config, user@host, or unix:///path')
  .action((address: string) => within((command) => addHost(command, address)))

program
  .command('vms')
  .description('list the VMs')
  .option('--host <host>', 'of this host only')
  .action((options: { host?: string }) => within((command) => listVms(command, options)))

program
  .command('move <vm> <host>')
  .description('move a VM to a host; a VM is named by its name, its UUID, or as HOST/VM')
  .addOption(new Option('--technique <technique>', 'how a running VM moves (else as in the settings)').choices(['precopy', 'postcopy', 'hybrid', 'scatter']))
  .addOption(replicas())
  .addOption(depot())
  .addOption(new Option('--storage <storage>', 'which disks are copied').choices(['none', 'full', 'incremental']).default('none'))
  .option('--bandwidth <MiB/s>', 'at most this much', number)
  .option('--downtime <ms>', 'how long the guest may stand still', number)
  .option('--auto-converge', 'slow the guest down where it writes faster than the network carries')
  .addOption(new Option('--driver <driver>', 'what drives the move').choices(['auto', 'agent', 'app']).default('auto'))
  .addOption(dryRun())
  .addOption(yes())
  .action((vm: string, host: string, options: MoveWords) => within((command) => moveVm(command, { vm, host }, options)))

/** The options that every plan takes. */
const planned = (command: Program): Program =>
  command
    .option('--parallel <n>', 'moves at once that touch one host (else what the plan finds best)', number)
    .option('--bandwidth <MiB/s>', 'at most this much for all moves over one host’s network', number)
    .option('--stagger <s>', 'seconds between two moves that begin', number)

/** How the VMs of a host that is emptied move. */
const evacuating = (command: Program): Program =>
  command
    .addOption(new Option('--technique <technique>', 'how all that run move (else as in the settings)').choices(['precopy', 'postcopy', 'hybrid', 'gang', 'scatter']))
    .addOption(replicas())
    .addOption(depot())

const running = (command: Program): Program => planned(command).option('--reason <text>', 'kept with the host and in the history').addOption(dryRun()).addOption(yes())

evacuating(planned(program.command('plan').description('show what would be done').command('evacuate <host>').description('show how a host would be emptied'))).action((host: string, options: PlanWords) =>
  within((command) => showPlan(command, host, options)),
)

evacuating(running(program.command('evacuate <host>').description('empty a host: move every VM that can move')))
  .option('--maintenance', 'put the host into maintenance')
  .action((host: string, options: RunWords) => within((command) => carryOut(command, 'evacuate', host, options)))

running(program.command('return <host>').description('bring back what was moved off a host')).action((host: string, options: RunWords) => within((command) => carryOut(command, 'return', host, options)))

program
  .command('history')
  .description('who moved what, when, why, how long, and how much downtime')
  .option('--search <words>', 'only where all of these are found')
  .option('--limit <n>', 'at most this many, newest first', number, 200)
  .addOption(new Option('--format <format>', 'as a file').choices(exportForms))
  .action((options: { search?: string; limit: number; format?: ExportForm }) => within((command) => showHistory(command, options)))

try {
  await program.parseAsync()
} catch (thrown) {
  if (thrown instanceof CommanderError) exit = thrown.exitCode === 0 ? exitCodes.done : exitCodes.usage
  else {
    console.error(messageOf(thrown))
    exit = exitCodeOf(thrown)
  }
}
process.exit(exit)
