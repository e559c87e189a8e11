import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { RelaxNGValidator, XmlDocument } from 'libxml2-wasm'
import { xmlRegisterFsInputProviders } from 'libxml2-wasm/lib/nodejs.mjs'

/** What this room's tests share; nothing else imports it. */

const FIXTURES = new URL('../../../test/fixtures/xml/', import.meta.url)

export function fixture(name: string): string {
  return readFileSync(new URL(`${name}.xml`, FIXTURES), 'utf8')
}

/** All fixtures with a `<domain>`, by name. */
export const domainFixtures: readonly { readonly name: string; readonly xml: string }[] = readdirSync(FIXTURES)
  .filter((file) => file.endsWith('.xml'))
  .map((file) => ({ name: file.slice(0, -4), xml: fixture(file.slice(0, -4)) }))
  .filter(({ xml }) => xml.startsWith('<domain '))

// Debian and Fedora install the schemas here with libvirt itself (libvirt0, libvirt-libs).
const SCHEMAS = '/usr/share/libvirt/schemas'

/** Why schema tests are skipped, or undefined to run them. In CI nothing is skipped: it fails instead. */
export const withoutSchemas =
  existsSync(`${SCHEMAS}/domain.rng`) || process.env['CI'] === 'true' ? undefined : 'libvirt’s schemas are not installed'

const VIRSH_ARGUMENTS = ['-q', '-c', 'test:///default']

/** Why tests against libvirt's test driver are skipped, or undefined to run them. */
export const withoutVirsh =
  process.env['CI'] === 'true' || spawnSync('virsh', [...VIRSH_ARGUMENTS, 'uri']).status === 0 ? undefined : 'virsh is not installed'

/** What virsh says of libvirt's built-in test driver, which needs no daemon. */
export function virsh(...command: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('virsh', [...VIRSH_ARGUMENTS, ...command], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`virsh ${command.join(' ')}: ${stderr}`)
  return stdout
}

/** Checks documents against one of libvirt's schemas (`domain`, `storagevol`, ...). Answers what is wrong, or undefined. */
export function openSchema(name: string): (xml: string) => string | undefined {
  xmlRegisterFsInputProviders()
  const url = `${SCHEMAS}/${name}.rng`
  using schema = XmlDocument.fromBuffer(readFileSync(url), { url })
  const validator = RelaxNGValidator.fromDoc(schema)
  return (xml) => {
    using document = XmlDocument.fromString(xml)
    try {
      validator.validate(document)
      return undefined
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message : String(thrown)
    }
  }
}

/** Whether libxml2, the parser that libvirt itself uses, takes the text. */
export function libxmlAccepts(xml: string): boolean {
  try {
    XmlDocument.fromString(xml).dispose()
    return true
  } catch {
    return false
  }
}
