import type { Generation } from './generation.ts'

/** What one host of a lab is to be. */
export interface HostSpec {
  /** Default 12. */
  readonly generation?: Generation
  /** A non-root user `tester`, in group libvirt, who may log in by the lab's key or by its password. Default false. */
  readonly hasUser?: boolean
  /** Leaves the machine's Node in the host's path. Default false: Node is hidden. */
  readonly hasNode?: boolean
}

/** A host as it was made; plain data, kept in lab.json. */
export interface HostRecord {
  /** From 1. */
  readonly number: number
  /** Host name, `LAB-hostN`. */
  readonly name: string
  readonly address: string
  readonly uuid: string
  readonly generation: Generation
  readonly hasUser: boolean
  readonly hasNode: boolean
  /** The folder that its root is made from. */
  readonly root: string
}

/** The name of the non-root user of hosts that have one. */
export const userName = 'tester'
