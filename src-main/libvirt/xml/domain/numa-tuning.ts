import { many, shape, text, whole, word, type Read } from '../read.ts'

const MODES = ['strict', 'preferred', 'interleave', 'restrictive'] as const

/** `<numatune>`: host nodes that the guest's memory comes from. https://libvirt.org/formatdomain.html#numa-node-tuning */
export const readNumaTuning = shape({
  mode: word('memory/@mode', MODES),
  nodeset: text('memory/@nodeset'),
  placement: word('memory/@placement', ['static', 'auto']),
  cells: many('memnode', shape({ cell: whole('@cellid'), mode: word('@mode', MODES), nodeset: text('@nodeset') })),
})
export type NumaTuning = Read<typeof readNumaTuning>
