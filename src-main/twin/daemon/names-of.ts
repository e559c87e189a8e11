import { readDomain } from '../../libvirt/xml/domain/domain.ts'
import { Refusal } from './refusal.ts'

/** By what a definition is known. Throws libvirt's XML error where it has no name or UUID. */
export function namesOf(xml: string): { name: string; uuid: string } {
  try {
    const { name, uuid } = readDomain(xml)
    if (name && uuid) return { name, uuid: uuid.toLowerCase() }
  } catch {
    // Told below.
  }
  throw new Refusal('VIR_ERR_XML_ERROR', 'XML error: the domain has no name or UUID', 'VIR_FROM_DOMAIN')
}
