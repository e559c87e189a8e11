import type { Finding } from '../../../contract/migration.ts'
import { isRelayed } from '../plan/relayed.ts'
import type { Check, PreflightSide } from './check.ts'
import { about } from './finding.ts'

const { error, warning } = about('encryption')

/** Where a host insists on TLS for migrations the plan must ask for it; where it is asked for, both hosts need certificates. */
export const encryption: Check = {
  subject: 'encryption',
  async run({ domain, source, destination, plan }) {
    if (!domain.isActive) return []
    // What the agents carry has checks of its own.
    if (isRelayed(plan.options.technique)) return []
    if (plan.options.tls) return (await Promise.all([source, destination].map(certificates))).flat()
    for (const side of [source, destination]) {
      if (isForced(await side.facts.readFile('/etc/libvirt/qemu.conf'))) {
        return [error('tls-forced', `${side.name} allows encrypted migrations only (migrate_tls_force).`, { fix: { kind: 'option', label: 'Encrypt with TLS', options: { tls: true } } })]
      }
    }
    return []
  },
}

/** The last setting that is no comment counts. */
export function isForced(conf: string | null): boolean {
  const set = [...(conf ?? '').matchAll(/^\s*migrate_tls_force\s*=\s*(\d+)/gm)].at(-1)
  return set?.[1] === '1'
}

async function certificates({ name, facts }: PreflightSide): Promise<Finding[]> {
  const conf = (await facts.readFile('/etc/libvirt/qemu.conf')) ?? ''
  const setting = (key: string) => new RegExp(`^\\s*${key}\\s*=\\s*"([^"]*)"`, 'm').exec(conf)?.[1]
  const folder = setting('migrate_tls_x509_cert_dir') ?? setting('default_tls_x509_cert_dir') ?? '/etc/pki/qemu'
  const seen = await facts.exec(['test', '-e', `${folder}/server-cert.pem`])
  if (seen === null || seen.code === 0) return []
  return [warning('tls-certificate', `${name} seems to have no certificate for encrypted migrations.`, { evidence: `${folder}/server-cert.pem`, next: 'libvirt refuses the move without one.' })]
}
