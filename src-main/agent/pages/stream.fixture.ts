import { captures } from '../stream/captures.fixture.ts'
import { StreamReader } from '../stream/stream-reader.ts'
import type { RamBlock } from '../stream/stream-record.ts'
import { StreamWriter } from '../stream/stream-writer.ts'

/** A pre-copy as QEMU sends it, with the lead and the device state of a real one, and these pages (at most 4096) one after the other in `pc.ram`; null is a zero page. */
export function streamOf(pages: readonly (Buffer | null)[]): Buffer {
  const lead: Buffer[] = []
  const tail: Buffer[] = []
  const found: { block: RamBlock | null; section: number; isMemory: boolean } = { block: null, section: 0, isMemory: false }
  new StreamReader({
    record(record, bytes) {
      if (record.kind === 'tail') tail.push(bytes)
      else if (!found.isMemory && record.kind !== 'ram-part') lead.push(bytes)
      else found.isMemory = true
      if (record.kind === 'ram-block' && record.block.name === 'pc.ram') found.block = record.block
      if (record.kind === 'ram-start') found.section = record.section
    },
    page: () => {},
    zero: () => {},
  }).push(captures.precopy72)
  const out: Buffer[] = []
  const writer = new StreamWriter((bytes) => out.push(bytes))
  for (const bytes of lead) writer.raw(bytes)
  writer.openSection(found.section)
  pages.forEach((page, i) => (page ? writer.page(found.block!, i * 4096, page) : writer.zero(found.block!, i * 4096)))
  writer.closeSection(found.section)
  writer.openSection(found.section, true)
  writer.closeSection(found.section)
  for (const bytes of tail) writer.raw(bytes)
  writer.flush()
  return Buffer.concat(out)
}
