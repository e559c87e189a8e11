import { has, kibibytes, or, shape, text, whole, word, type Read } from '../read.ts'

/** `<memory>` below `<devices>`, sizes in KiB. https://libvirt.org/formatdomain.html#memory-devices */
export const readMemoryDevice = shape({
  model: or(word('@model', ['dimm', 'nvdimm', 'virtio-mem', 'virtio-pmem', 'sgx-epc']), 'other'),
  access: word('@access', ['shared', 'private']),
  size: or(kibibytes('target/size'), 0),
  /** Guest NUMA node. */
  node: whole('target/node'),
  /** virtio-mem: granularity, what is asked of the guest, what it has taken. */
  blockSize: kibibytes('target/block'),
  requestedSize: kibibytes('target/requested'),
  currentSize: kibibytes('target/current'),
  labelSize: kibibytes('target/label/size'),
  /** The file or device behind an nvdimm or virtio-pmem, which the next host must have too. */
  path: text('source/path'),
  isPersistent: has('source/pmem'),
  /** Huge pages and host nodes that it is taken from. */
  pageSize: kibibytes('source/pagesize'),
  nodeset: text('source/nodemask'),
  alias: text('alias/@name'),
})
export type MemoryDevice = Read<typeof readMemoryDevice>
