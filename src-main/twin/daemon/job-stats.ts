import { jobFields, jobOperations, jobTypes } from '../../libvirt/wire/constants/job.ts'
import type { TypedParameter } from '../../libvirt/wire/typed-parameter.ts'
import type { ResultOf } from '../../libvirt/wire/procedures.ts'
import type { MigrationFigures } from '../physics/migration-terms.ts'
import { pageBytes } from '../physics/process.ts'
import type { Domain } from './domain.ts'

/** Job statistics of a migration as libvirt words them. */
export function migrationParameters(figures: MigrationFigures, operation: 'migration-out' | 'migration-in'): TypedParameter[] {
  const found: TypedParameter[] = [{ field: jobFields.operation, type: 'int', value: jobOperations[operation] }]
  const ullong = (field: string, value: number) => found.push({ field, type: 'ullong', value: Math.max(0, Math.round(value)) })
  ullong(jobFields.timeElapsed, figures.elapsedMs)
  ullong(jobFields.downtime, figures.downtimeMs)
  ullong(jobFields.setupTime, figures.setupMs)
  ullong(jobFields.dataTotal, figures.memoryTotal + figures.diskTotal)
  ullong(jobFields.dataProcessed, figures.memoryTransferred + figures.diskTransferred)
  ullong(jobFields.dataRemaining, figures.memoryRemaining + figures.diskTotal - figures.diskTransferred)
  if (figures.memoryTotal > 0) {
    ullong(jobFields.memoryTotal, figures.memoryTotal)
    ullong(jobFields.memoryProcessed, figures.memoryTransferred)
    ullong(jobFields.memoryRemaining, figures.memoryRemaining)
    ullong(jobFields.memoryBps, figures.bytesPerSecond)
    ullong(jobFields.memoryConstant, figures.constantPages)
    ullong(jobFields.memoryNormal, figures.normalPages)
    ullong(jobFields.memoryNormalBytes, figures.normalPages * pageBytes)
    ullong(jobFields.memoryDirtyRate, figures.dirtyPagesPerSecond)
    ullong(jobFields.memoryIteration, figures.iteration)
    ullong(jobFields.memoryPostcopyReqs, figures.postcopyRequests)
    ullong(jobFields.memoryPageSize, pageBytes)
  }
  if (figures.diskTotal > 0) {
    ullong(jobFields.diskTotal, figures.diskTotal)
    ullong(jobFields.diskProcessed, figures.diskTransferred)
    ullong(jobFields.diskRemaining, figures.diskTotal - figures.diskTransferred)
    ullong(jobFields.diskBps, figures.phase === 'storage' ? figures.bytesPerSecond : 0)
  }
  if (figures.throttle > 0) found.push({ field: jobFields.autoConvergeThrottle, type: 'int', value: figures.throttle })
  return found
}

export const noJob = { type: jobTypes.none, params: [] as TypedParameter[] }

/** The older form of job statistics, with fields of its own for memory and files. `now`: virtual ms. */
export function jobInfo({ job }: Domain, now: number): ResultOf<'domainGetJobInfo'> {
  const figures = job?.migration?.figures
  const [memTotal, memProcessed, memRemaining] = [figures?.memoryTotal ?? 0, figures?.memoryTransferred ?? 0, figures?.memoryRemaining ?? 0]
  const [fileTotal, fileProcessed] = [figures?.diskTotal ?? 0, figures?.diskTransferred ?? 0]
  return {
    type: job ? jobTypes.unbounded : jobTypes.none,
    timeElapsed: job ? Math.round(now - job.startedAt) : 0,
    timeRemaining: 0,
    dataTotal: memTotal + fileTotal,
    dataProcessed: memProcessed + fileProcessed,
    dataRemaining: memRemaining + fileTotal - fileProcessed,
    memTotal,
    memProcessed,
    memRemaining,
    fileTotal,
    fileProcessed,
    fileRemaining: fileTotal - fileProcessed,
  }
}
