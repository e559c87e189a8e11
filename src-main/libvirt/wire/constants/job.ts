import { nameOf } from './names.ts'

// virDomainJobType, virDomainJobOperation and VIR_DOMAIN_JOB_*, libvirt-domain.h

export const jobTypes = {
  none: 0,
  bounded: 1,
  unbounded: 2,
  completed: 3,
  failed: 4,
  cancelled: 5,
} as const

export const jobTypeName = nameOf(jobTypes, 'unknown')

export const jobOperations = {
  unknown: 0,
  start: 1,
  save: 2,
  restore: 3,
  'migration-in': 4,
  'migration-out': 5,
  snapshot: 6,
  'snapshot-revert': 7,
  dump: 8,
  backup: 9,
  'snapshot-delete': 10,
} as const

export const jobOperationName = nameOf(jobOperations, 'unknown')

export const jobStatsFlags = { completed: 1, keepCompleted: 2 } as const
export const abortJobFlags = { postcopy: 1 } as const
export const maxSpeedFlags = { postcopy: 1 } as const

/** Field names of job statistics, as domainGetJobStats and the jobCompleted event carry them. */
export const jobFields = {
  operation: 'operation',
  timeElapsed: 'time_elapsed',
  timeElapsedNet: 'time_elapsed_net',
  timeRemaining: 'time_remaining',
  downtime: 'downtime',
  downtimeNet: 'downtime_net',
  setupTime: 'setup_time',
  dataTotal: 'data_total',
  dataProcessed: 'data_processed',
  dataRemaining: 'data_remaining',
  memoryTotal: 'memory_total',
  memoryProcessed: 'memory_processed',
  memoryRemaining: 'memory_remaining',
  memoryConstant: 'memory_constant',
  memoryNormal: 'memory_normal',
  memoryNormalBytes: 'memory_normal_bytes',
  memoryBps: 'memory_bps',
  memoryDirtyRate: 'memory_dirty_rate',
  memoryPageSize: 'memory_page_size',
  memoryIteration: 'memory_iteration',
  memoryPostcopyReqs: 'memory_postcopy_requests',
  diskTotal: 'disk_total',
  diskProcessed: 'disk_processed',
  diskRemaining: 'disk_remaining',
  diskBps: 'disk_bps',
  compressionCache: 'compression_cache',
  compressionBytes: 'compression_bytes',
  compressionPages: 'compression_pages',
  compressionCacheMisses: 'compression_cache_misses',
  compressionOverflow: 'compression_overflow',
  autoConvergeThrottle: 'auto_converge_throttle',
  success: 'success',
  errmsg: 'errmsg',
  diskTempUsed: 'disk_temp_used',
  diskTempTotal: 'disk_temp_total',
  vfioDataTransferred: 'vfio_data_transferred',
} as const
