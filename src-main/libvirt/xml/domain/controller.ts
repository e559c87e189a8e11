import { or, shape, text, whole, type Read } from '../read.ts'

/** `<controller>`. https://libvirt.org/formatdomain.html#controllers */
export const readController = shape({
  type: or(text('@type'), ''),
  index: or(whole('@index'), 0),
  model: text('@model'),
  ports: whole('@ports'),
  queues: whole('driver/@queues'),
  iothread: whole('driver/@iothread'),
  alias: text('alias/@name'),
})
export type Controller = Read<typeof readController>
