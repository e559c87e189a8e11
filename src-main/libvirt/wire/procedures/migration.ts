import { int, list, nothing, opaqueOf, struct, uhyper, uint } from '../codec.ts'
import { maxCookie, maxJobStats, maxMigrateParameters } from '../limits.ts'
import { domain, optionalString, string } from '../objects.ts'
import { typedParameter } from '../typed-parameter.ts'
import { remote } from './procedure.ts'

const cookie = opaqueOf(maxCookie)
const params = list(typedParameter, maxMigrateParameters)
const domFlags = struct({ dom: domain, flags: uint })

/** Moving a domain, and the job that does it. Flags are migrateFlags, parameters migrateParameters. */
export const migrationProcedures = {
  domainMigrateBegin3Params: remote(302, struct({ dom: domain, params, flags: uint }), struct({ cookieOut: cookie, xml: string })),
  domainMigratePrepare3Params: remote(
    303,
    struct({ params, cookieIn: cookie, flags: uint }),
    struct({ cookieOut: cookie, uriOut: optionalString }),
  ),
  domainMigratePerform3Params: remote(
    305,
    struct({ dom: domain, dconnuri: optionalString, params, cookieIn: cookie, flags: uint }),
    struct({ cookieOut: cookie }),
  ),
  domainMigrateFinish3Params: remote(
    306,
    struct({ params, cookieIn: cookie, flags: uint, cancelled: int }),
    struct({ dom: domain, cookieOut: cookie }),
  ),
  domainMigrateConfirm3Params: remote(307, struct({ dom: domain, params, cookieIn: cookie, flags: uint, cancelled: int }), nothing),

  domainMigrateStartPostCopy: remote(364, domFlags, nothing),
  /** MiB/s; with flag 1 the limit of the post-copy phase. */
  domainMigrateSetMaxSpeed: remote(207, struct({ dom: domain, bandwidth: uhyper, flags: uint }), nothing),
  domainMigrateGetMaxSpeed: remote(242, domFlags, struct({ bandwidth: uhyper })),
  /** Milliseconds. */
  domainMigrateSetMaxDowntime: remote(166, struct({ dom: domain, downtime: uhyper, flags: uint }), nothing),
  domainMigrateGetMaxDowntime: remote(387, domFlags, struct({ downtime: uhyper })),
  /** Bytes. */
  domainMigrateSetCompressionCache: remote(300, struct({ dom: domain, cacheSize: uhyper, flags: uint }), nothing),
  domainMigrateGetCompressionCache: remote(299, domFlags, struct({ cacheSize: uhyper })),

  /** Times in ms, amounts in bytes. */
  domainGetJobInfo: remote(
    163,
    struct({ dom: domain }),
    struct({
      type: int,
      timeElapsed: uhyper,
      timeRemaining: uhyper,
      dataTotal: uhyper,
      dataProcessed: uhyper,
      dataRemaining: uhyper,
      memTotal: uhyper,
      memProcessed: uhyper,
      memRemaining: uhyper,
      fileTotal: uhyper,
      fileProcessed: uhyper,
      fileRemaining: uhyper,
    }),
  ),
  domainGetJobStats: remote(298, domFlags, struct({ type: int, params: list(typedParameter, maxJobStats) })),
  domainAbortJob: remote(164, struct({ dom: domain }), nothing),
  /** libvirt >= 8.5; flag 1 interrupts a post-copy so that it can be resumed elsewhere. */
  domainAbortJobFlags: remote(442, domFlags, nothing),
  /** The result appears in the dirtyrate group of the domain stats after `seconds`. */
  domainStartDirtyRateCalc: remote(427, struct({ dom: domain, seconds: int, flags: uint }), nothing),
}
