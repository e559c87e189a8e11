import { shallowRef } from 'vue'

/** The dialog about hosts that is open, if any; the frame mounts them once. */
export const hostDialog = shallowRef<{ readonly kind: 'connect' } | { readonly kind: 'edit' | 'problem'; readonly host: string } | null>(null)
