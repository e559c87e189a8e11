import type { Technique } from '../../../contract/migration.ts'
import type { Engine } from './engine.ts'
import { gang } from './gang.ts'
import { hybrid } from './hybrid.ts'
import { offline } from './offline.ts'
import { postcopy } from './postcopy.ts'
import { precopy } from './precopy.ts'
import { scatter } from './scatter.ts'

export const engines: Readonly<Record<Technique, Engine>> = { precopy, postcopy, hybrid, gang, scatter, offline }
