import { addressNumber, or, shape, type Read } from '../read.ts'

/** A PCI address, of a guest's device or a host's. https://libvirt.org/formatdomain.html#device-addresses */
export const readPciAddress = shape({
  domain: or(addressNumber('@domain'), 0),
  bus: or(addressNumber('@bus'), 0),
  slot: or(addressNumber('@slot'), 0),
  function: or(addressNumber('@function'), 0),
})
export type PciAddress = Read<typeof readPciAddress>

/** `0000:3b:00.1`, as lspci and sysfs write it. */
export function formatPciAddress({ domain, bus, slot, function: fn }: PciAddress): string {
  return `${hex(domain, 4)}:${hex(bus, 2)}:${hex(slot, 2)}.${fn.toString(16)}`
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0')
}
