import { delay } from '../../base/abort.ts'
import { Connection } from '../../libvirt/client/connection.ts'
import { jobStatsOf } from '../../libvirt/client/job-stats.ts'
import { connectUnix, findLibvirtSocket } from '../libvirt-socket.ts'

/** Between two questions: QEMU writes what the sockets take within less. */
const settleMs = 400
const answerMs = 5000
const mostQuestions = 25

/**
 * Whether the source's QEMU is in the midst of sending a post-copy's memory, and cannot get to its end, since nobody reads its stream: then a break of the connection pauses it, and the post-copy
 * can be resumed. At its end a break would have it run its guest again beside the destination's. Asks the local libvirt until two answers are the same. What cannot be known is false. Never rejects.
 */
export async function isMidway(uuid: string): Promise<boolean> {
  let connection: Connection | null = null
  try {
    connection = await Connection.open(await connectUnix(await findLibvirtSocket()))
    let last: number | null = null
    for (let i = 0; i < mostQuestions; i++) {
      const { memory } = jobStatsOf(await connection.call('domainGetJobStats', { dom: { name: uuid, uuid, id: -1 }, flags: 0 }, { deadlineMs: answerMs }))
      const left = memory.remainingBytes
      if (left === null || left === 0) return false
      if (left === last) return true
      last = left
      await delay(settleMs)
    }
    return false
  } catch {
    return false
  } finally {
    connection?.close()
  }
}
