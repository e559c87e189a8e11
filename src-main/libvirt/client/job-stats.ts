import { jobFields, jobOperationName, jobTypeName } from '../wire/constants/job.ts'
import type { ResultOf } from '../wire/procedures.ts'
import { TypedParameters, type TypedParameter } from '../wire/typed-parameter.ts'

/** Bytes in three states. */
export interface Amount {
  readonly totalBytes: number | null
  readonly processedBytes: number | null
  readonly remainingBytes: number | null
}

/** A domain job in numbers with their units; null is what the daemon did not report. */
export interface JobStats {
  readonly type: ReturnType<typeof jobTypeName>
  readonly operation: ReturnType<typeof jobOperationName>
  readonly elapsedMs: number | null
  /** Without the time that the guest stood still for reasons outside the job. */
  readonly elapsedNetMs: number | null
  readonly remainingMs: number | null
  /** While it runs, what QEMU expects; afterwards, what it was. */
  readonly downtimeMs: number | null
  readonly downtimeNetMs: number | null
  readonly setupMs: number | null
  /** Memory and disks together. */
  readonly data: Amount
  readonly memory: Amount & {
    /** Pages that held one byte over and over, and those that were sent in full. */
    readonly constantPages: number | null
    readonly normalPages: number | null
    readonly normalBytes: number | null
    readonly bytesPerSecond: number | null
    readonly dirtyPagesPerSecond: number | null
    readonly pageSizeBytes: number | null
    /** 1 is the first pass over all memory. */
    readonly iteration: number | null
    /** Page faults of the destination that the source had to answer. */
    readonly postcopyRequests: number | null
  }
  readonly disk: Amount & { readonly bytesPerSecond: number | null }
  readonly compression: {
    readonly cacheBytes: number | null
    readonly sentBytes: number | null
    readonly pages: number | null
    readonly cacheMisses: number | null
    readonly overflows: number | null
  }
  /** How much of their time auto-converge takes from the guest's CPUs, in percent. */
  readonly throttlePercent: number | null
}

/** The end of a job, from the event or from job stats of a completed job. */
export interface CompletedJob extends JobStats {
  readonly hasSucceeded: boolean | null
  readonly errorMessage: string | null
}

function statsOf(type: number | null, values: TypedParameters): JobStats {
  const number = (field: string) => values.number(field)
  const operation = number(jobFields.operation)
  return {
    type: type === null ? 'unknown' : jobTypeName(type),
    operation: operation === null ? 'unknown' : jobOperationName(operation),
    elapsedMs: number(jobFields.timeElapsed),
    elapsedNetMs: number(jobFields.timeElapsedNet),
    remainingMs: number(jobFields.timeRemaining),
    downtimeMs: number(jobFields.downtime),
    downtimeNetMs: number(jobFields.downtimeNet),
    setupMs: number(jobFields.setupTime),
    data: {
      totalBytes: number(jobFields.dataTotal),
      processedBytes: number(jobFields.dataProcessed),
      remainingBytes: number(jobFields.dataRemaining),
    },
    memory: {
      totalBytes: number(jobFields.memoryTotal),
      processedBytes: number(jobFields.memoryProcessed),
      remainingBytes: number(jobFields.memoryRemaining),
      constantPages: number(jobFields.memoryConstant),
      normalPages: number(jobFields.memoryNormal),
      normalBytes: number(jobFields.memoryNormalBytes),
      bytesPerSecond: number(jobFields.memoryBps),
      dirtyPagesPerSecond: number(jobFields.memoryDirtyRate),
      pageSizeBytes: number(jobFields.memoryPageSize),
      iteration: number(jobFields.memoryIteration),
      postcopyRequests: number(jobFields.memoryPostcopyReqs),
    },
    disk: {
      totalBytes: number(jobFields.diskTotal),
      processedBytes: number(jobFields.diskProcessed),
      remainingBytes: number(jobFields.diskRemaining),
      bytesPerSecond: number(jobFields.diskBps),
    },
    compression: {
      cacheBytes: number(jobFields.compressionCache),
      sentBytes: number(jobFields.compressionBytes),
      pages: number(jobFields.compressionPages),
      cacheMisses: number(jobFields.compressionCacheMisses),
      overflows: number(jobFields.compressionOverflow),
    },
    throttlePercent: number(jobFields.autoConvergeThrottle),
  }
}

/** The answer to domainGetJobStats. */
export function jobStatsOf({ type, params }: ResultOf<'domainGetJobStats'>): CompletedJob {
  return endOf(type, params)
}

/** The parameters of a jobCompleted event, which carries no type of its own. */
export function completedJobOf(params: readonly TypedParameter[]): CompletedJob {
  return endOf(null, params)
}

function endOf(type: number | null, params: readonly TypedParameter[]): CompletedJob {
  const values = new TypedParameters(params)
  return { ...statsOf(type, values), hasSucceeded: values.boolean(jobFields.success), errorMessage: values.string(jobFields.errmsg) }
}
