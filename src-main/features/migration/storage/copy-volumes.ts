import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Connection } from '../../../libvirt/client/connection.ts'
import type { StorageVolumeRef } from '../../../libvirt/wire/objects.ts'

/** One image to be copied, by libvirt's names on each side. */
export interface VolumeCopy {
  readonly from: StorageVolumeRef
  readonly to: StorageVolumeRef
  /** Bytes of the image file. */
  readonly bytes: number
}

/**
 * Copies images byte by byte from one daemon's pool to another's, through this process: the slower side sets the pace, and a few megabytes are on the way at
 * most. One after the other, each over connections that are used for nothing else. Aborting ends both streams; what was written so far stays.
 * `onProgress` hears the bytes written of all images.
 */
export async function copyVolumes(copies: readonly VolumeCopy[], options: {
  source: (signal: AbortSignal) => Promise<Connection>
  destination: (signal: AbortSignal) => Promise<Connection>
  onProgress: (bytes: number) => void
  signal: AbortSignal
}): Promise<void> {
  const { signal, onProgress } = options
  if (copies.length === 0) return
  const opened: Connection[] = []
  try {
    const [from, to] = await Promise.all(
      [options.source, options.destination].map(async (open) => {
        const connection = await open(signal)
        opened.push(connection)
        return connection
      }),
    )
    if (!from || !to) return
    let done = 0
    for (const copy of copies) {
      const whole = { offset: 0, length: 0, flags: 0 }
      const reading = await from.openStream('storageVolDownload', { vol: copy.from, ...whole }, { signal })
      const writing = await to.openStream('storageVolUpload', { vol: copy.to, ...whole }, { signal })
      const counting = new Transform({
        transform(chunk: Buffer, _encoding, next) {
          done += chunk.length
          onProgress(done)
          next(null, chunk)
        },
      })
      await pipeline(reading.stream, counting, writing.stream, { signal })
    }
  } finally {
    for (const connection of opened) connection.close()
  }
}
