import { readDomain } from '../../libvirt/xml/domain/domain.ts'
import { Refusal } from './refusal.ts'

/** By what a definition is known. Throws libvirt's XML error where it has no name or UUID. */
export function namesOf(xml: string): { name: string; uuid: string } {
  let read
  try {
    read = readDomain(xml)
  } catch {
    throw new Refusal('VIR_ERR_XML_ERROR', 'XML error: the definition cannot be read', 'VIR_FROM_DOMAIN')
  }
  if (!read.name) throw new Refusal('VIR_ERR_NO_NAME', 'missing domain name information', 'VIR_FROM_DOMAIN')
  if (!read.uuid) throw new Refusal('VIR_ERR_XML_ERROR', 'XML error: the domain has no UUID', 'VIR_FROM_DOMAIN')
  return { name: read.name, uuid: read.uuid.toLowerCase() }
}
