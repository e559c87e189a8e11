import { or, shape, text, word, type Read } from '../read.ts'

/** `<rng>`. https://libvirt.org/formatdomain.html#random-number-generator-device */
export const readRandomGenerator = shape({
  model: text('@model'),
  backend: or(word('backend/@model', ['random', 'egd', 'builtin']), 'other'),
  /** The device on the host, for `random`. */
  device: text('backend'),
})
export type RandomGenerator = Read<typeof readRandomGenerator>
