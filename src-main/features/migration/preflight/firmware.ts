import type { Check } from './check.ts'
import { about } from './finding.ts'

const { error, warning } = about('firmware')

/** The firmware's file must be at the destination; its variables travel with a running VM only. */
export const firmware: Check = {
  subject: 'firmware',
  async run({ domain, source, destination }) {
    const { loader, nvram, kernel, initrd } = domain.live.boot
    const findings = []
    for (const [what, path] of [['firmware', loader?.path], ['kernel', kernel], ['initial RAM disk', initrd]] as const) {
      if (!path) continue
      const known = what === 'firmware' ? (await destination.domainCapabilities())?.loaders.includes(path) : false
      const seen = known ? null : await destination.facts.exec(['test', '-e', path])
      if (seen && seen.code !== 0) {
        findings.push(error('firmware-missing', `${destination.name} does not have the ${what} of ${domain.name}.`, { evidence: path, next: what === 'firmware' ? `Install the same firmware package there (ovmf or edk2).` : 'Copy the file there.' }))
      }
    }
    const variables = nvram?.path ?? nvram?.source?.file
    if (variables && !domain.isActive) {
      const seen = await destination.facts.exec(['test', '-e', variables])
      if (seen?.code !== 0) {
        findings.push(
          warning('nvram-left', `The firmware’s variables of ${domain.name} (boot order, Secure Boot keys) stay on ${source.name}.`, {
            evidence: variables,
            next: 'Copy the file to the same path there, or move the VM while it runs: then they go along.',
          }),
        )
      }
    }
    return findings
  },
}
