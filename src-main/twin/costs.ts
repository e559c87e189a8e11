import type { HostCosts } from './lab.ts'

/** A server with KVM: about 2.4 GB/s of pages through one migration thread, a QEMU that starts in a quarter of a second. */
export const usualCosts: HostCosts = {
  pageUs: 1.6,
  zeroPageUs: 0.2,
  beginMs: 15,
  prepareMs: 240,
  setupMs: 25,
  finishMs: 12,
  confirmMs: 180,
  stopMs: 6,
  loadMs: 8,
  deviceBytes: 180_000,
  faultMs: 0.15,
  diskBytesPerSecond: 900_000_000,
  diskSetupMs: 60,
}
