import { shape, text, whole, yes, type Read } from '../read.ts'

/** `<vsock>`. https://libvirt.org/formatdomain.html#vsock */
export const readVsock = shape({
  model: text('@model'),
  /** The guest's address, unique on a host: chosen anew at the next one where automatic. */
  address: whole('cid/@address'),
  isAutomatic: yes('cid/@auto'),
})
export type Vsock = Read<typeof readVsock>
