import { liveEngine } from './live-engine.ts'

/** Memory is copied in rounds while the VM runs on, until the rest fits the downtime limit. */
export const precopy = liveEngine('precopy', () => [])
