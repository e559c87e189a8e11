import type { Technique } from '../../../contract/migration.ts'
import type { Engine } from './engine.ts'
import { hybrid } from './hybrid.ts'
import { offline } from './offline.ts'
import { postcopy } from './postcopy.ts'
import { precopy } from './precopy.ts'

export const engines: Readonly<Record<Technique, Engine>> = { precopy, postcopy, hybrid, offline }
