import { gangRole } from './gang-role.ts'
import type { PageRole } from './page-link.ts'
import { depotRole } from '../scatter/depot-role.ts'
import { gatherAgainRole, gatherRole } from '../scatter/gather-role.ts'
import { passRole } from './pass.ts'

/** What this agent can be for the memory of other hosts' VMs, by the name in a link's hello. */
export const pageRoles: Readonly<Record<string, PageRole>> = { pass: passRole, gang: gangRole, depot: depotRole, gather: gatherRole, 'gather-again': gatherAgainRole }
