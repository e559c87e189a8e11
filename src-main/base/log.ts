import { pino, type Logger } from 'pino'

export type Log = Logger

/** The process's log: JSON lines on stderr. `level` defaults to DROVER_LOG, else `info`. Nothing secret is ever logged. */
export function createLog(name: string, level: string = process.env['DROVER_LOG'] ?? 'info'): Log {
  return pino({ name, level, base: { pid: process.pid } }, pino.destination({ dest: 2, sync: true }))
}
