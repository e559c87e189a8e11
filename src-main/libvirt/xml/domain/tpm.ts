import { has, or, shape, text, word, yes, type Read } from '../read.ts'

/** `<tpm>`. https://libvirt.org/formatdomain.html#tpm-device */
export const readTpm = shape({
  model: text('@model'),
  /** `emulator` is swtpm, whose state libvirt carries along; `passthrough` is the host's own and cannot move. */
  backend: or(word('backend/@type', ['passthrough', 'emulator', 'external']), 'other'),
  version: text('backend/@version'),
  isStatePersistent: yes('backend/@persistent_state'),
  /** Its state is encrypted with a libvirt secret that the next host must have too. */
  hasEncryption: has('backend/encryption'),
  secretUuid: text('backend/encryption/@secret'),
  device: text('backend/device/@path'),
  /** Where the state is kept, where somebody chose it (libvirt 10.10 and later): shared storage or not. */
  statePath: text('backend/source/@path'),
  alias: text('alias/@name'),
})
export type Tpm = Read<typeof readTpm>
