import { spawn } from 'node:child_process'
import type { CommandQuestion } from './ask.ts'
import { configFailure, type ConfigLine } from './config-file.ts'
import { expandTokens, type TokenValues } from './config-tokens.ts'
import { matchesPattern, matchesPatternList } from './pattern.ts'

/** What Host and Match lines are held against. */
export interface MatchSubject {
  /** The host that `Host` patterns see: as asked for, and in the second pass the resolved name. */
  readonly host: string
  /** The host as asked for. */
  readonly original: string
  /** The value of HostName so far, with its tokens replaced; else `host`. */
  readonly hostname: string
  readonly user: string
  readonly localUser: string
  /** True in the second pass, which `Match final` and `Match canonical` are for. */
  readonly isFinal: boolean
}

/** True where a Host line applies: one of its patterns does, and no negated one. */
export function matchesHostLine(line: ConfigLine, host: string): boolean {
  let isMatched = false
  for (const argument of line.args) {
    const isNegated = argument.startsWith('!')
    if (!matchesPattern(host, isNegated ? argument.slice(1) : argument)) continue
    if (isNegated) return false
    isMatched = true
  }
  return isMatched
}

/** Splits what follows Match: blanks or one equals sign separate, double quotes group (misc.c, strdelim). */
function splitCriteria(line: ConfigLine): string[] {
  const words: string[] = []
  let rest = line.rest
  while (rest !== '' && !rest.startsWith('#')) {
    const match = /^(?:"([^"]*)"|([^ \t="]+))(?:[ \t]*=[ \t]*|[ \t]*)/.exec(rest)
    if (!match) throw configFailure(line, 'a quotation mark is not closed')
    words.push(match[1] ?? match[2] ?? '')
    rest = rest.slice(match[0].length)
  }
  return words
}

/**
 * Evaluates a Match line. `execute` is called for `exec` only where all criteria before it hold. Criteria that this program does not know
 * (localnetwork, tagged, …) do not match. `wantsFinal` hears that a second pass was asked for.
 */
export async function matchesMatchLine(
  line: ConfigLine,
  subject: MatchSubject,
  execute: (command: string) => Promise<boolean>,
  wantsFinal: () => void,
): Promise<boolean> {
  const words = splitCriteria(line)
  if (words.length === 0) throw configFailure(line, 'Match has no criterion')
  let isMatched = true
  for (let at = 0; at < words.length; at++) {
    const written = words[at]!.toLowerCase()
    const isNegated = written.startsWith('!')
    const criterion = isNegated ? written.slice(1) : written
    let holds: boolean
    if (criterion === 'all') holds = true
    else if (criterion === 'final' || criterion === 'canonical') {
      holds = subject.isFinal
      if (criterion === 'final') wantsFinal()
    } else {
      const argument = words[++at]
      if (argument === undefined || argument === '') throw configFailure(line, `“${criterion}” has no argument`)
      const patterns = argument.split(',')
      switch (criterion) {
        case 'host':
          holds = matchesPatternList(subject.hostname.toLowerCase(), patterns.map((pattern) => pattern.toLowerCase()))
          break
        case 'originalhost':
          holds = matchesPatternList(subject.original.toLowerCase(), patterns.map((pattern) => pattern.toLowerCase()))
          break
        case 'user':
          holds = matchesPatternList(subject.user, patterns)
          break
        case 'localuser':
          holds = matchesPatternList(subject.localUser, patterns)
          break
        case 'exec':
          holds = isMatched && (await execute(argument))
          break
        default:
          isMatched = false
          continue
      }
    }
    if (holds === isNegated) isMatched = false
  }
  return isMatched
}

/** The question that asks for leave to run a Match exec command. Throws an Error that names an unknown token. */
export function execQuestion(line: ConfigLine, command: string, values: TokenValues): CommandQuestion {
  return {
    kind: 'command-consent',
    host: values.original,
    source: 'match-exec',
    line: line.text,
    command: expandTokens(command, values),
    file: line.file,
    lineNumber: line.lineNumber,
  }
}

/** Runs a command of Match exec by the user's shell, all its streams closed off; true where it ends with code 0. */
export function runMatchCommand(command: string, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const child = spawn(environment['SHELL'] || '/bin/sh', ['-c', command], { stdio: 'ignore', env: environment })
    const onAbort = () => {
      child.kill('SIGKILL')
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const end = (isSuccess: boolean) => {
      signal.removeEventListener('abort', onAbort)
      resolve(isSuccess)
    }
    child.once('error', () => end(false))
    child.once('exit', (code) => end(code === 0))
  })
}
