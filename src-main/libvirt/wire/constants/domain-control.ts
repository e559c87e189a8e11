import { nameOf } from './names.ts'

// States of a domain's control interface, of its agent, its block jobs and its disks, libvirt-domain.h

export const agentStates = {
  connected: 1,
  disconnected: 2,
} as const

export const agentStateName = nameOf(agentStates, 'unknown')

export const blockJobTypes = {
  unknown: 0,
  pull: 1,
  copy: 2,
  commit: 3,
  'active-commit': 4,
  backup: 5,
} as const

export const blockJobTypeName = nameOf(blockJobTypes, 'unknown')

export const blockJobStatuses = {
  completed: 0,
  failed: 1,
  canceled: 2,
  ready: 3,
} as const

export const blockJobStatusName = nameOf(blockJobStatuses, 'unknown')
