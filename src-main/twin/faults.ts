/** What can be made to go wrong in a world. Hosts by their id, VMs by their UUID. Each can be undone, and is the same kind of thing to whoever talks to the host as the real fault. */
export type Fault =
  /** The host's cable carries so little, Mbit/s. */
  | { readonly kind: 'slow-link'; readonly host: string; readonly mbps: number }
  /** Nothing passes between this host and the others; it can still be reached to be managed. */
  | { readonly kind: 'cut-link'; readonly host: string }
  /** The VM writes to its memory as fast as it can. */
  | { readonly kind: 'hot-vm'; readonly vm: string }
  /** The machine is gone, with all that ran on it. Undoing it boots the host: VMs with autostart start, others are off. */
  | { readonly kind: 'host-crash'; readonly host: string }
  /** The host has an older CPU than before: what runs elsewhere may need features that it lacks. */
  | { readonly kind: 'cpu-mismatch'; readonly host: string }

/** Two faults of the same kind and subject are one. */
export function faultKey(fault: Fault): string {
  return `${fault.kind} ${fault.kind === 'hot-vm' ? fault.vm : fault.host}`
}
